-- Stores a new session, unless there is one under this key.
--
-- ARGV[3]  idle timeout in ms, or '-'
-- ARGV[4]  CSRF token
-- ARGV[5]  the record's body
--
-- Returns { 'created', time of creation }, or { 'exists' }.

local header = {
  version = '1',
  created = now_text,
  accessed = now_text,
  idle = ARGV[3],
  secret_hash = secret_hash,
  csrf = ARGV[4],
}
if not store(header, ARGV[5], true) then
  return { 'exists' }
end
return { 'created', now_text }
