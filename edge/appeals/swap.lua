-- Put an appeal in place of what it was a moment ago, and keep the index of those that wait.
--
-- KEYS  [1] the account's appeals, a hash by decision id   [2] the index of its shard, a sorted set
--       of accounts by when their appeal was filed; both in one hash slot
-- ARGV  [1] decision id   [2] what the appeal was, "" for none   [3] what it is now
--       [4] the account   [5] when it was filed, ms, while it waits, "" from then on
--       [6] time to live of the hash, seconds
--
-- Returns 1, or 0 where it was something else: nothing is changed then.
local held = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if held ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[6])
if ARGV[5] == '' then
  redis.call('ZREM', KEYS[2], ARGV[4])
else
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
end
return 1
