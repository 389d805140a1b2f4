-- Let keys live on, those that are there.
--
-- KEYS  any number, all in one hash slot
-- ARGV  [1] time to live, seconds
--
-- Returns how many were there.
local count = 0
for i = 1, #KEYS do
  count = count + redis.call('EXPIRE', KEYS[i], ARGV[1])
end
return count
