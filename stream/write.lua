-- Write the packed states of several accounts, or their profiles, each fenced: one that holds fewer
-- events than the one in the store is refused, so that a worker that has lost its partition cannot
-- undo the next owner's work. The decisions that states brought about go with them or not at all.
--
-- KEYS  n state keys or n profile keys, then one decision key per decision; all in one hash slot
-- ARGV  [1] n   [2] time to live of each, seconds   [2 + i] packed value of KEYS[i]
--       then per decision: index of its state, message, time to live in milliseconds
--
-- Each begins with epoch (u16), partition (u16) and offset (i64), big-endian: see
-- stream/remember/packing.py and stream/know/profiles.py. Offsets are compared only within one
-- epoch and partition; they stay below 2^53, exact in a Lua number.
--
-- Returns how many were refused.
local n = tonumber(ARGV[1])
local refused = {}
local count = 0
for i = 1, n do
  local new = ARGV[2 + i]
  local held = redis.call('GETRANGE', KEYS[i], 0, 11)
  if string.sub(held, 1, 4) == string.sub(new, 1, 4)
    and struct.unpack('>i8', held, 5) > struct.unpack('>i8', new, 5) then
    refused[i] = true
    count = count + 1
  else
    redis.call('SET', KEYS[i], new, 'EX', ARGV[2])
  end
end
local at = 2 + n
for d = n + 1, #KEYS do
  if not refused[tonumber(ARGV[at + 1])] then
    redis.call('SET', KEYS[d], ARGV[at + 2], 'PX', ARGV[at + 3])
  end
  at = at + 3
end
return count
