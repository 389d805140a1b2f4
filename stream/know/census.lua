-- Note who has which shared values, and count who else has them. Of each value the accounts that
-- claimed it last are kept.
--
-- KEYS  one sorted set per claim: accounts by the time of their claim; all in one hash slot
-- ARGV  [1] time to live of each, seconds
--       [2] MessagePack: per claim account, time of the claim, how many accounts to keep of the
--       value, and the times between which to count, begin after begin with its end, neither of
--       them included; times in whole milliseconds
--       [3] 1: note them first; 0: change nothing
--
-- A claim is noted once, at its earliest time, however often it is told; all are noted before any
-- is counted, so that their order does not matter.
--
-- Returns for each claim, for each two times, how many accounts claimed the value between them;
-- this account is always one more. Of two claims in one millisecond neither is before the other.
local noting = tonumber(ARGV[3])
local claims = cmsgpack.unpack(ARGV[2])
local sizes = {}
for i, claim in ipairs(claims) do
  local key, most = KEYS[i], claim[3]
  local size = sizes[key] or redis.call('ZCARD', key)
  if noting == 1 then
    size = size + redis.call('ZADD', key, 'LT', claim[2], claim[1])
    if size > most then
      redis.call('ZREMRANGEBYRANK', key, 0, -1 - most)
      size = most
    end
  end
  sizes[key] = size
end
for key in pairs(noting == 1 and sizes or {}) do
  redis.call('EXPIRE', key, ARGV[1])
end
local counts = {}
for i, claim in ipairs(claims) do
  local key, account, most, times = KEYS[i], claim[1], claim[3], claim[4]
  -- Most values are nobody else's: there is nothing to look up.
  local alone = sizes[key] <= noting
  local own = not alone and tonumber(redis.call('ZSCORE', key, account) or nil)
  for at = 1, #times, 2 do
    local since, before = times[at], times[at + 1]
    local found = alone and 0 or redis.call('ZCOUNT', key, since + 1, before - 1)
    local counted = own and since < own and own < before
    counts[#counts + 1] = counted and found or math.min(found + 1, most)
  end
end
return counts
