-- Removes a session. Allowed when Redis is full, which must not keep people logged in.
--
-- Returns { 'deleted' }.
-- Errors: { 'not_found' }, { 'damaged' }, { 'newer_format' }
--
-- @flags allow-oom
-- @include lib/call.lua
-- @include lib/record.lua

local header, _, problem = find()
if not header then
  return { problem }
end
redis.call('UNLINK', key)
return { 'deleted' }
