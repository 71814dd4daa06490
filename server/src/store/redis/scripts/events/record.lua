-- Records a change of a session, and keeps track of when the session ends. Allowed when Redis is full, which must not keep people
-- logged in.
--
-- KEYS[1]  the events of the partition: a stream
-- KEYS[2]  the ends of its sessions: a sorted set of handles by time
-- KEYS[3]  its sessions: a hash of '<created> <subject>' by handle
-- ARGV[1]  how long events are kept, in ms
-- ARGV[2]  handle
-- ARGV[3]  'begin', 'change', 'end', or 'use' for an event that changes nothing
-- ARGV[4]  when the session ends, in ms since 1970, '-' for never, or '' if unchanged
-- ARGV[5]  when it was created, in ms since 1970
-- ARGV[6]  '=' and its subject (empty: none), or '' if unchanged
-- ARGV[7]  the event: '<type> <reason> <version>', or '' for none
--
-- Returns { the id of the event or '', its subject }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/partition.lua

local retention, handle, change, ends, created, subject, event = unpack(ARGV)

local known = redis.call('HGET', KEYS[3], handle)
if subject == '' then
  subject = known and string.match(known, '^%d+ (.*)$') or ''
else
  subject = string.sub(subject, 2)
end
if change == 'end' then
  forget(handle)
elseif change == 'begin' or change == 'change' and known then
  redis.call('HSET', KEYS[3], handle, created .. ' ' .. subject)
  if ends == '-' then
    redis.call('ZREM', KEYS[2], handle)
  elseif ends ~= '' then
    redis.call('ZADD', KEYS[2], ends, handle)
  end
  keep(retention * 2)
end
if event == '' then
  return { '', subject }
end
return { add(retention, event .. ' ' .. handle .. ' ' .. subject), subject }
