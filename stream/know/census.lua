-- Note who has which shared values, and count who else has them. Of each value the accounts that
-- claimed it last are kept.
--
-- KEYS  one sorted set per claim: accounts by the time of their claim; all in one hash slot
-- ARGV  [1] time to live of each, seconds
--       [2] MessagePack: per claim account, time of the claim, lengths of its windows, times until
--       which to count, how many accounts to keep of the value; times in whole milliseconds
--       [3] 1: note them first; 0: change nothing
--
-- A claim is noted once, at its earliest time, however often it is told; all are noted before any
-- is counted, so that their order does not matter.
--
-- Returns for each claim, for each window, how many accounts claimed the value within the window
-- before this claim, and for each of the other times how many had it before then; this account is
-- always one more. Of two claims in one millisecond neither is before the other.
local noting = tonumber(ARGV[3])
local claims = cmsgpack.unpack(ARGV[2])
local sizes = {}
for i, claim in ipairs(claims) do
  local key, most = KEYS[i], claim[5]
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
  local key, account, claimed, most = KEYS[i], claim[1], claim[2], claim[5]
  -- Most values are nobody else's: there is nothing to look up.
  local alone = sizes[key] <= noting
  local own = not alone and tonumber(redis.call('ZSCORE', key, account) or nil)
  local function count(since, before)
    local found = alone and 0 or redis.call('ZCOUNT', key, since + 1, before - 1)
    return own and since < own and own < before and found or math.min(found + 1, most)
  end
  for _, window in ipairs(claim[3]) do
    counts[#counts + 1] = count(claimed - window, claimed)
  end
  for _, till in ipairs(claim[4]) do
    counts[#counts + 1] = count(-1, till)
  end
end
return counts
