-- Say what came of the first delivery of an account's queue: delivered, dead, or to be tried later.
--
-- KEYS  [1] accounts by when their first delivery is due (sorted set, ms)   [2] the account's queue
--       [3] dead deliveries by decision id (hash)   [4] their ids by when they died (sorted set, ms)
-- ARGV  [1] account   [2] packed delivery as it was read   [3] 'delivered', 'dead' or 'later'
--       [4] when the queue is due again, which for 'dead' is now, ms   [5] packed delivery as it is
--       now   [6] decision id
--
-- Returns how many are left in the queue, or -1 when another process has settled it before.
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] then
  return -1
end
if ARGV[3] == 'later' then
  redis.call('LSET', KEYS[2], 0, ARGV[5])
else
  redis.call('LPOP', KEYS[2])
end
if ARGV[3] == 'dead' then
  redis.call('HSET', KEYS[3], ARGV[6], ARGV[5])
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[6])
end
local left = redis.call('LLEN', KEYS[2])
if left == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
end
return left
