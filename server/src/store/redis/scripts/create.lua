-- Stores a new session, unless the key exists.
--
-- ARGV[4]  idle timeout in ms, or '-'
-- ARGV[5]  CSRF token
-- ARGV[6]  body of the record
--
-- Returns { 'created', time of creation }.
-- Errors: { 'exists' }
--
-- @include lib/call.lua
-- @include lib/record.lua

local header = {
  version = '1',
  created = now_text,
  accessed = now_text,
  idle = ARGV[4],
  secret_hash = secret_hash,
  csrf = ARGV[5],
}
if not write(header, ARGV[6], 'NX') then
  return { 'exists' }
end
return { 'created', now_text }
