-- Note who has which shared values, and count who else has them. Of each value the accounts that
-- claimed it last are kept.
--
-- KEYS  one sorted set per claim: accounts by the time of their claim; all in one hash slot
-- ARGV  [1] time to live of each, seconds
--       [2] MessagePack: per claim account, time of the claim, time until which to count, lengths of
--       its windows, how many accounts to keep of the value; times in milliseconds
--       [3] 1: note them first; 0: change nothing
--
-- A claim is noted once, at its earliest time, however often it is told; all are noted before any
-- is counted, so that their order does not matter.
--
-- Returns for each claim how many accounts had the value before then, and for each window how many
-- claimed it within the window before this claim; this account is always one more. Of two claims
-- in one millisecond neither is before the other.
local function whole(number)
  return string.format('%.0f', number)
end

local claims = cmsgpack.unpack(ARGV[2])
for i, claim in ipairs(ARGV[3] == '1' and claims or {}) do
  if redis.call('ZADD', KEYS[i], 'LT', whole(claim[2]), claim[1]) == 1 then
    redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -1 - claim[5])
  end
  redis.call('EXPIRE', KEYS[i], ARGV[1])
end
local counts = {}
for i, claim in ipairs(claims) do
  local account, claimed, till, windows = claim[1], claim[2], claim[3], claim[4]
  local own = tonumber(redis.call('ZSCORE', KEYS[i], account) or -1)
  local function count(since, before)
    local found = redis.call('ZCOUNT', KEYS[i], '(' .. whole(since), '(' .. whole(before))
    return since < own and own < before and found or math.min(found + 1, claim[5])
  end
  counts[#counts + 1] = count(-1, till)
  for _, window in ipairs(windows) do
    counts[#counts + 1] = count(claimed - window, claimed)
  end
end
return counts
