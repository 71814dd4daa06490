-- Removes a session. Allowed when Redis is full, which must not keep people logged in; nor must a record that cannot be read. Such a
-- record cannot confirm the secret, so any token of the session removes it. One of a newer format may be read by other sidecars: only a
-- token whose secret it confirms removes it.
--
-- Returns { 'deleted', problem of the record or '', subject or '', version or '' }.
-- Errors: { 'not_found' }, { 'replaced' }, { 'newer_format' }
--
-- @flags allow-oom
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/record.lua

local header, record, problem = find()
if problem == 'not_found' or problem == 'replaced' or problem == 'newer_format' and not string.find(record, secret_hash, 1, true) then
  return { problem }
end
local attributes = header and attributes_at(record, header.body_at)
redis.call('UNLINK', key)
return { 'deleted', problem or '', attributes and attribute(attributes, '') or '', header and header.version or '' }
