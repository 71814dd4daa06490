-- Stores a new session, unless the key exists.
--
-- ARGV[3]  idle timeout in ms, or '-'
-- ARGV[4]  CSRF token
-- ARGV[5]  body of the record
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
  idle = ARGV[3],
  secret_hash = secret_hash,
  csrf = ARGV[4],
}
if not write(header, ARGV[5], true) then
  return { 'exists' }
end
return { 'created', now_text }
