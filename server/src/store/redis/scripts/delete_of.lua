-- Removes a session of a subject, whatever its secret but the given one. A record that cannot be read is removed, too, because it cannot
-- say that it has another subject; but not one of a newer format, which may be read by other sidecars. Allowed when Redis is full.
--
-- ARGV[1]  SHA-256 of the secret of the session that stays, or ''
-- ARGV[4]  subject
--
-- Returns { 'deleted', problem of the record or '', version or '' }.
-- Errors: { 'not_found' }, also when the session has another subject; { 'kept' }, { 'newer_format' }
--
-- @flags allow-oom
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/record.lua

local header, record, problem = read_record()
if problem == 'not_found' or problem == 'newer_format' then
  return { problem }
end
if header and header.secret_hash == secret_hash then
  return { 'kept' }
end
local attributes = header and attributes_at(record, header.body_at)
if attributes and attribute(attributes, '') ~= ARGV[4] then
  return { 'not_found' }
end
redis.call('UNLINK', key)
return { 'deleted', problem or attributes and '' or 'damaged', header and header.version or '' }
