-- Whether events are recorded, and by which sidecar the log is kept. With a time to keep, has them recorded for that long.
--
-- KEYS[1]  the sign that events are recorded: '<log> <since>'
-- KEYS[2]  the sidecar that keeps the log
-- ARGV[1]  id of the sidecar
-- ARGV[2]  for how long it keeps the log, in ms
-- ARGV[3]  for how long events are to be recorded, in ms, or '' to change nothing
-- ARGV[4]  name of a new log
--
-- Returns { now, '<log> <since>' or '', 1 if this sidecar keeps the log, else 0 }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/integer.lua

local time = redis.call('TIME')
local now_text = integer(time[1] * 1000 + math.floor(time[2] / 1000))
local sign = redis.call('GET', KEYS[1])
local keep = tonumber(ARGV[3])
if keep and not sign then
  sign = ARGV[4] .. ' ' .. now_text
  redis.call('SET', KEYS[1], sign, 'PX', ARGV[3])
elseif keep and redis.call('PTTL', KEYS[1]) < keep * 0.9 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
if not sign then
  return { now_text, '', 0 }
end
local keeper = redis.call('GET', KEYS[2])
if keeper and keeper ~= ARGV[1] then
  return { now_text, sign, 0 }
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { now_text, sign, 1 }
