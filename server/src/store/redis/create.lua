-- Stores a new session, unless there is one under this key.
--
-- ARGV[2]  idle timeout in ms, or '-'
-- ARGV[3]  CSRF token
-- ARGV[4]  the record's body
--
-- Returns { 'created', time of creation }, or { 'exists' }.

local header = {
  version = '1',
  created = now_text,
  accessed = now_text,
  idle = ARGV[2],
  secret_hash = secret_hash,
  csrf = ARGV[3],
}
if not store(header, ARGV[4], true) then
  return { 'exists' }
end
return { 'created', now_text }
