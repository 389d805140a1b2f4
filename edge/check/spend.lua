-- May requests pass? Reads the decision that stands about each account, and takes from the
-- account's buckets what the request costs: from all of them or, when one lacks it, from none.
--
-- KEYS  per request: the decision, the account's buckets; all in one hash slot
-- ARGV  [1] 1 while decisions are acted on, 0 in shadow: nothing that stands is in force then
--       [2] JSON: per tier, "0" to "3", a list of quotas [name, units, quota, window in ms]
--       then per request: tokens, its time in ms ("" for now), the tier ("" when not known),
--       1 where it settles: a request that has passed used so many tokens more, or fewer, than it
--       asked for; it is granted whatever is left, and counts as no other request
--
-- Returns per request {granted, decision, levels...}: granted is 1 or 0; decision is the message
-- in force, or "" when none is; a level is {name, quota, window in ms, left, ms until the bucket
-- is full again, ms until the request would be granted}. A decision that refuses (block, step_up)
-- has no levels, and neither has one that cannot be read: the caller looks at it.
--
-- A bucket is GCRA's equal in whole numbers: the debt, in units times the window's milliseconds,
-- falls by the quota with every millisecond and must not exceed quota * window. Nothing is ever
-- rounded while quota * window stays below 2^53. Time is this server's: edges need no common clock.
-- What a bucket may owe beyond itself; see MOST_TOKENS in edge/check/asks.py.
local most = 10000000
local enforced = ARGV[1] == '1'
local base = cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- Whether limits can be counted: an error here would answer for every account of the call.
local function countable(limits)
  return type(limits) ~= 'table' or (type(limits.requests_per_minute) == 'number'
    and type(limits.tokens_per_minute) == 'number')
end

-- The decision in the store, whether it is in force at `at`, and whether it can be read at all.
local function standing(raw, at)
  if not raw then return {}, false, true end
  local ok, decision = pcall(cjson.decode, raw)
  if not ok or type(decision) ~= 'table' or type(decision.expires_at) ~= 'number'
    or not countable(decision.limits) then
    return {}, enforced, not enforced
  end
  return decision, enforced and decision.mode == 'enforce' and decision.expires_at > at, true
end

local function quotas(limits, tier)
  local found = {}
  for _, quota in ipairs(base[tostring(tier)] or {}) do found[#found + 1] = quota end
  if type(limits) == 'table' then
    found[#found + 1] = { 'decision-requests', 'requests', limits.requests_per_minute, 60000 }
    found[#found + 1] = { 'decision-tokens', 'tokens', limits.tokens_per_minute, 60000 }
  end
  return found
end

-- The debt of one bucket now, from 'debt time'.
local function debt_of(held, quota)
  if not held then return 0 end
  local debt, at = string.match(held, '^(%d+) (%d+)$')
  return math.max(0, tonumber(debt) - math.max(0, now - tonumber(at)) * quota)
end

local function take(key, wanted, tokens, settles)
  local fields, levels, debts, granted, longest = {}, {}, {}, 1, 0
  for i, q in ipairs(wanted) do fields[i] = string.format('%s:%d:%d', q[1], q[3], q[4]) end
  local held = redis.call('HMGET', key, unpack(fields))
  for i, q in ipairs(wanted) do
    local quota, window = q[3], q[4]
    local cost = q[2] == 'tokens' and tokens or (settles and 0 or 1)
    local debt, full = debt_of(held[i], quota), quota * window
    -- What is larger than the whole bucket passes when the bucket is full, and is paid back after.
    local over = debt + math.min(cost, quota) * window - full
    if quota == 0 then over = cost * window end
    if settles then over = 0 end
    if over > 0 then granted = 0 end
    debts[i] = { debt, cost * window }
    levels[i] = { q[1], quota, window, debt, over }
  end
  local answer = {}
  for i, level in ipairs(levels) do
    local name, quota, window, debt, over = unpack(level)
    local full, rate = quota * window, math.max(quota, 1)
    if granted == 1 then debt = math.max(0, math.min(debt + debts[i][2], full + most * window)) end
    local drained = math.ceil(debt / rate)
    answer[i] = { name, quota, window, math.max(0, math.floor((full - debt) / window)),
      drained, math.ceil(math.max(over, 0) / rate) }
    longest = math.max(longest, drained)
    if granted == 1 then
      redis.call('HSET', key, fields[i], string.format('%.0f %.0f', debt, now))
    end
  end
  if granted == 1 then redis.call('PEXPIRE', key, longest) end
  return granted, answer
end

local refuses = { block = true, step_up = true }
local answers = {}
for i = 1, #KEYS, 2 do
  local at = 4 * (i - 1) / 2 + 2
  local tokens, ts, tier = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]) or now, ARGV[at + 3]
  local raw = redis.call('GET', KEYS[i])
  local decision, in_force, readable = standing(raw, ts)
  local answer = { 1, in_force and raw or '' }
  if readable and not (in_force and refuses[decision.action]) then
    local wanted = quotas(in_force and decision.limits, decision.kyc_tier or tier)
    if #wanted > 0 then
      local granted, levels = take(KEYS[i + 1], wanted, tokens, ARGV[at + 4] == '1')
      answer[1] = granted
      for _, level in ipairs(levels) do answer[#answer + 1] = level end
    end
  end
  answers[#answers + 1] = answer
end
return answers
