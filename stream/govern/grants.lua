-- Grant a block, or a step-up, to those accounts that the hour's share still allows. Whoever was
-- granted in the hour is granted again: a batch that is repeated after a crash hears the same. What
-- the share is a share of is fixed by the hour's first question, so that a refusal stays one.
--
-- KEYS  [1] grants of the hour and the action   [2] activity of the day before   [3] of the day
--       all in one hash slot
-- ARGV  [1] share of accounts   [2] share of requests   [3] accounts and [4] requests that are
--       always allowed   [5] hour of the day, 0-23   [6] time to live of the grants, seconds
--       then per account: its digest, its requests in a day
--
-- Grants: a hash of 'base accounts', 'base requests', 'accounts', 'requests' (granted so far) and
-- one field per account granted, 'a' and its digest. Activity: a hash of 'HOUR accounts' and
-- 'HOUR requests', HOUR 0-23.
--
-- Returns per account 1 (granted) or 0.
local function day(key, hours)
  local accounts, requests = 0, 0
  if hours == 0 then return 0, 0 end
  local fields = {}
  for hour = 0, hours - 1 do
    fields[#fields + 1] = hour .. ' accounts'
    fields[#fields + 1] = hour .. ' requests'
  end
  local found = redis.call('HMGET', key, unpack(fields))
  for i = 1, #fields, 2 do
    accounts = accounts + tonumber(found[i] or 0)
    requests = requests + tonumber(found[i + 1] or 0)
  end
  return accounts, requests
end

local names = { 'base accounts', 'base requests', 'accounts', 'requests' }
local held = redis.call('HMGET', KEYS[1], unpack(names))
local accounts, requests = tonumber(held[1]), tonumber(held[2])
if not accounts then
  local a1, r1 = day(KEYS[2], 24)
  local a2, r2 = day(KEYS[3], tonumber(ARGV[5]))
  accounts, requests = math.max(a1, a2), math.max(r1, r2)
  redis.call('HSET', KEYS[1], names[1], accounts, names[2], requests)
end
local most = math.max(tonumber(ARGV[3]), math.floor(tonumber(ARGV[1]) * accounts))
local traffic = math.max(tonumber(ARGV[4]), math.floor(tonumber(ARGV[2]) * requests))
local granted, weight = tonumber(held[3] or 0), tonumber(held[4] or 0)

local answers = {}
for i = 7, #ARGV, 2 do
  local field, cost = 'a' .. ARGV[i], tonumber(ARGV[i + 1])
  local known = redis.call('HEXISTS', KEYS[1], field) == 1
  if not known and granted + 1 <= most and weight + cost <= traffic then
    known, granted, weight = true, granted + 1, weight + cost
    redis.call('HSET', KEYS[1], field, cost)
  end
  answers[#answers + 1] = known and 1 or 0
end
redis.call('HSET', KEYS[1], names[3], granted, names[4], string.format('%.0f', weight))
redis.call('EXPIRE', KEYS[1], ARGV[6])
return answers
