-- Moves the ends of sessions that are still there, and records the ends of those that are not. A session whose end has changed since
-- it was read is left alone.
--
-- KEYS[1]  the events of the partition
-- KEYS[2]  the ends of its sessions
-- KEYS[3]  its sessions
-- ARGV[1]  how long events are kept, in ms
-- ARGV[2]  the maximum lifetime of sessions in ms, or ''
-- ARGV[3]  and on, three for each session: handle, the end that was read, and when it ends now: ms since 1970, '-' for never, or ''
--          if the session is gone
--
-- Returns for each session that is gone { the id of the event, its text }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/partition.lua

local retention, max_lifetime = ARGV[1], tonumber(ARGV[2])
local recorded = {}
for at = 3, #ARGV, 3 do
  local handle, read, ends = unpack(ARGV, at, at + 2)
  if redis.call('ZSCORE', KEYS[2], handle) == read then
    if ends == '-' then
      redis.call('ZREM', KEYS[2], handle)
    elseif ends ~= '' then
      redis.call('ZADD', KEYS[2], ends, handle)
    else
      local known = redis.call('HGET', KEYS[3], handle) or '0 '
      local created, subject = string.match(known, '^(%d+) (.*)$')
      local reason = max_lifetime and tonumber(read) >= created + max_lifetime and 'max_lifetime' or 'idle_timeout'
      forget(handle)
      local text = 'expired ' .. reason .. ' - ' .. handle .. ' ' .. subject
      recorded[#recorded + 1] = { add(retention, text), text }
    end
  end
end
return recorded
