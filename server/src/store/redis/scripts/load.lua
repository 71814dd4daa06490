-- Reads a session and records the access when the touch interval has passed since the last one recorded. Allowed when Redis is
-- full, which must not log people out: a touch writes a few bytes over old ones.
--
-- ARGV[4]  ids of the caller's keys, each between spaces
--
-- Returns { 'found', record, time }, with 'touched' as a fourth element when the access was recorded, at that time.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }
--
-- @flags allow-oom
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/record.lua
-- @include lib/touch.lua

local header, record, problem = find()
if not header then
  return { problem }
end
if not has_key(header, ARGV[4]) then
  return { 'found', record, now_text }
end
local touched = touch(header, record, function()
  return parse(record, header)
end)
if touched == nil then
  return { 'damaged' }
end
if touched then
  return { 'found', record, now_text, 'touched' }
end
return { 'found', record, now_text }
