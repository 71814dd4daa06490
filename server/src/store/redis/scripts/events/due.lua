-- Returns the sessions of a partition whose ends are due, and keeps the others known.
--
-- KEYS[1]  the ends of its sessions: a sorted set of handles by time
-- KEYS[2]  its sessions
-- ARGV[1]  for how long they are kept, in ms
-- ARGV[2]  maximum number of sessions
--
-- Returns { handle, end, handle, end, … }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/integer.lua

for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < ARGV[1] / 2 then
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
local time = redis.call('TIME')
local now_text = integer(time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGE', KEYS[1], '-inf', now_text, 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
