-- Put the switch where the edge looks, unless a later one is there: a process that has not read the
-- last order yet must not undo it.
--
-- KEYS  [1] the switch
-- ARGV  [1] the order as JSON, with `ts` in ms
--
-- Returns 1 when it was put, else 0.
local held = redis.call('GET', KEYS[1])
if held and cjson.decode(held).ts > cjson.decode(ARGV[1]).ts then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
