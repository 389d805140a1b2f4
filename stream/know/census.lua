-- Note who has which shared values, and count who else has them. Of each value the accounts that
-- claimed it last are kept.
--
-- KEYS  one sorted set per claim: accounts by the time of their claim; all in one hash slot
-- ARGV  [1] time to live of each, seconds
--       then per claim: account, time of the claim, time until which to count, how many accounts to
--       keep of the value, how many windows, and their lengths; times in milliseconds
--
-- A claim is noted once, at its earliest time, however often it is told; all are noted before any
-- is counted, so that their order does not matter.
--
-- Returns for each claim how many accounts had the value before then, and for each window how many
-- claimed it within the window before this claim; this account is always one more. Of two claims
-- in one millisecond neither is before the other.
local at = 2
local places = {}
for i = 1, #KEYS do
  places[i] = at
  if redis.call('ZADD', KEYS[i], 'LT', ARGV[at + 1], ARGV[at]) == 1 then
    redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -1 - tonumber(ARGV[at + 3]))
  end
  redis.call('EXPIRE', KEYS[i], ARGV[1])
  at = at + 5 + tonumber(ARGV[at + 4])
end
local counts = {}
for i = 1, #KEYS do
  at = places[i]
  local own = tonumber(redis.call('ZSCORE', KEYS[i], ARGV[at]) or ARGV[at + 1])
  local claimed = tonumber(ARGV[at + 1])
  local function count(since, before)
    local found = redis.call('ZCOUNT', KEYS[i], string.format('(%.0f', since), '(' .. before)
    local counted = since < own and own < tonumber(before)
    return counted and found or found + 1
  end
  counts[#counts + 1] = count(-1, ARGV[at + 2])
  for w = 1, tonumber(ARGV[at + 4]) do
    counts[#counts + 1] = count(claimed - tonumber(ARGV[at + 4 + w]), ARGV[at + 1])
  end
end
return counts
