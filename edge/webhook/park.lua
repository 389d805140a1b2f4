-- Put a delivery behind the others of its account, which wait for a later try.
--
-- KEYS  [1] accounts by when their first delivery is due (sorted set, ms)   [2] the account's queue
-- ARGV  [1] account   [2] packed delivery   [3] when it is due, if none waits before it, ms
--       [4] 1: refuse what is not newer than the queue's last (a crash repeats it), 0: take it
--
-- A packed delivery begins with its offset in 8 bytes, big-endian, so bytes compare as offsets do.
--
-- Returns 1, or 0 when it was there already.
local last = redis.call('LINDEX', KEYS[2], -1)
if ARGV[4] == '1' and last and string.sub(last, 1, 8) >= string.sub(ARGV[2], 1, 8) then
  return 0
end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], 'NX', ARGV[3], ARGV[1])
return 1
