-- Removes a session. Allowed when Redis is full, which must not keep people logged in; nor must a record that cannot be read. Such a
-- record cannot confirm the secret, so any token of the session removes it. One of a newer format may be read by other sidecars: only a
-- token whose secret it confirms removes it.
--
-- Returns { 'deleted', version, subject or '' }; when the record could not be read, { 'deleted', '', '', problem }.
-- Errors: { 'not_found' }, { 'newer_format' }
--
-- @flags allow-oom
-- @include lib/call.lua
-- @include lib/record.lua
-- @include lib/subject.lua

local header, record, problem = find()
if problem == 'not_found' or problem == 'newer_format' and not string.find(record, secret_hash, 1, true) then
  return { problem }
end
redis.call('UNLINK', key)
if not header then
  return { 'deleted', '', '', problem }
end
return { 'deleted', header.version, subject_of(record, header.body_at) }
