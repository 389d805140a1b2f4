-- Note who has which shared values, and count who else has them. Of each value the accounts that
-- claimed it last are kept.
--
-- KEYS  one sorted set per claim: accounts by the time of their claim; all in one hash slot
-- ARGV  [1] how many accounts to keep of a value   [2] time to live of each, seconds
--       [3] how many windows, then their lengths in milliseconds
--       then per claim: account, time of the claim, time until which to count, in milliseconds
--
-- A claim is noted once, at its earliest time, however often it is told; all are noted before any
-- is counted, so that their order does not matter.
--
-- Returns for each claim how many accounts had the value before then, and for each window how many
-- claimed it within the window before this claim; this account is always one more. Of two claims
-- in one millisecond neither is before the other.
local windows = tonumber(ARGV[3])
local first = 3 + windows
for i = 1, #KEYS do
  local at = first + 3 * (i - 1)
  redis.call('ZADD', KEYS[i], 'LT', ARGV[at + 2], ARGV[at + 1])
  redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -1 - tonumber(ARGV[1]))
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
local counts = {}
for i = 1, #KEYS do
  local at = first + 3 * (i - 1)
  local own = tonumber(redis.call('ZSCORE', KEYS[i], ARGV[at + 1]) or ARGV[at + 2])
  local claimed = tonumber(ARGV[at + 2])
  local function count(since, before)
    local found = redis.call('ZCOUNT', KEYS[i], string.format('(%.0f', since), '(' .. before)
    local counted = since < own and own < tonumber(before)
    return counted and found or found + 1
  end
  counts[#counts + 1] = count(-1, ARGV[at + 3])
  for w = 1, windows do
    counts[#counts + 1] = count(claimed - tonumber(ARGV[3 + w]), ARGV[at + 2])
  end
end
return counts
