-- Drop the dead deliveries that are too many, those that died first before the others.
--
-- KEYS  [1] dead deliveries by decision id (hash)   [2] their ids by when they died (sorted set, ms)
-- ARGV  [1] how many may lie there   [2] how many to drop at most in this call
--
-- Returns how many were dropped.
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[1])
if excess <= 0 then
  return 0
end
local popped = redis.call('ZPOPMIN', KEYS[2], math.min(excess, tonumber(ARGV[2])))
local dropped = 0
for at = 1, #popped, 2 do
  dropped = dropped + redis.call('HDEL', KEYS[1], popped[at])
end
return dropped
