-- The state of a group of watchers.
--
-- KEYS[1]  the group: a hash of its active watcher, until when it is, and what the group has processed
-- ARGV[1]  'join', 'acknowledge' or 'leave'
-- ARGV[2]  for how long the group is kept, in ms
-- ARGV[3]  watcher
-- ARGV[4]  for how long it becomes or remains the active one, in ms
-- ARGV[5]  a position: '<time> <id> <id> …'
-- ARGV[6]  '1' if the group has processed everything up to it, '' if it is where a new group begins
--
-- Returns { 1 if the watcher is the active one, else 0; the position that the group has processed, or '' if there is no group }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/integer.lua

local step, kept, watcher, lease, position, acknowledged = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local known = redis.call('HGET', KEYS[1], 'position')
if step == 'leave' then
  if redis.call('HGET', KEYS[1], 'watcher') == watcher then
    redis.call('HDEL', KEYS[1], 'watcher')
  end
  return { 0, known or '' }
end
if step == 'acknowledge' and not known then
  return { 0, '' }
end

-- The later one, part by part.
local function later(one, other)
  local parts = {}
  for part in string.gmatch(other, '%S+') do
    parts[#parts + 1] = part
  end
  local index = 0
  return (string.gsub(one, '%S+', function(part)
    index = index + 1
    local ms, seq = string.match(part, '^(%d+)%-?(%d*)$')
    local other_ms, other_seq = string.match(parts[index], '^(%d+)%-?(%d*)$')
    local difference = ms - other_ms
    if difference == 0 then
      difference = (tonumber(seq) or 0) - (tonumber(other_seq) or 0)
    end
    return difference < 0 and parts[index] or part
  end))
end

if not known then
  known = position
elseif acknowledged == '1' then
  known = later(known, position)
end
redis.call('HSET', KEYS[1], 'position', known)
redis.call('PEXPIRE', KEYS[1], kept)
if step == 'acknowledge' then
  return { 0, known }
end

local active = redis.call('HGET', KEYS[1], 'watcher')
local ends = tonumber(redis.call('HGET', KEYS[1], 'until') or 0)
if active and active ~= watcher and now < ends then
  return { 0, known }
end
redis.call('HSET', KEYS[1], 'watcher', watcher, 'until', integer(now + lease))
return { 1, known }
