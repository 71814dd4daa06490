-- Reads a session's entry in the index of a subject, and which attachments of the subject are in flight. Allowed when Redis is full.
--
-- ARGV[4]  handle, or '' for none
-- ARGV[5]  id of an attachment of the session that is over, or ''
--
-- Returns { 'entry', score or '', members of the attachments }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/call.lua
-- @include lib/index.lua

local handle, attachment = unpack(ARGV, 4, 5)
if attachment ~= '' then
  redis.call('ZREM', key, 'p:' .. handle .. ':' .. attachment)
end
return { 'entry', redis.call('ZSCORE', key, handle) or '', attachments() }
