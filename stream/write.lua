-- Write the packed state of several accounts, each fenced: a state that holds fewer events than
-- the one in the store is refused, so a worker that has lost its partition cannot undo the
-- next owner's work.
--
-- KEYS  one key per account, all in one hash slot
-- ARGV  [1] time to live, seconds; [1 + i] packed state of KEYS[i]
--
-- A state begins with epoch (>u2), partition (>u2), offset (>i8): see stream/packing.py. Offsets
-- are compared only within one epoch and partition; they stay below 2^53, exact in a Lua number.
--
-- Returns how many were refused.
local refused = 0
for i, key in ipairs(KEYS) do
  local new = ARGV[1 + i]
  local held = redis.call('GETRANGE', key, 0, 11)
  if held ~= ''
    and string.sub(held, 1, 4) == string.sub(new, 1, 4)
    and struct.unpack('>l', string.sub(held, 5, 12)) > struct.unpack('>l', string.sub(new, 5, 12)) then
    refused = refused + 1
  else
    redis.call('SET', key, new, 'EX', ARGV[1])
  end
end
return refused
