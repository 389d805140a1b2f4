-- Add to how many accounts and requests there were, by hour.
--
-- KEYS  activity of a day, each as often as there are hours of it; all in one hash slot
-- ARGV  [1] time to live, seconds   then per key: hour of the day, accounts, requests
--
-- Returns 0.
for i, key in ipairs(KEYS) do
  local at = 2 + 3 * (i - 1)
  redis.call('HINCRBY', key, ARGV[at] .. ' accounts', ARGV[at + 1])
  redis.call('HINCRBY', key, ARGV[at] .. ' requests', ARGV[at + 2])
  redis.call('EXPIRE', key, ARGV[1])
end
return 0
