-- Keeps track of sessions that existed before events were recorded.
--
-- KEYS[1]  the ends of the partition's sessions
-- KEYS[2]  its sessions
-- ARGV[1]  for how long they are kept, in ms
-- ARGV[2]  and on, three for each session: handle, when it ends, '<created> <subject>'
--
-- Returns the handles that were unknown.
-- Errors: none
--
-- @flags allow-oom

local added = {}
for at = 2, #ARGV, 3 do
  local handle, ends, session = unpack(ARGV, at, at + 2)
  if redis.call('HSETNX', KEYS[2], handle, session) == 1 then
    redis.call('ZADD', KEYS[1], ends, handle)
    added[#added + 1] = handle
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < ARGV[1] / 2 then
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return added
