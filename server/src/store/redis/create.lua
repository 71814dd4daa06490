-- Stores a new session, unless there is one under this key.
--
-- ARGV[5]  idle timeout in ms, or '-'
-- ARGV[6]  CSRF token
-- ARGV[7]  the record's body
--
-- Returns { 'created', time of creation }, or { 'exists' }.

local header = {
  version = 1,
  created = now,
  accessed = now,
  idle = tonumber(ARGV[5]),
  secret_hash = secret_hash,
  csrf = ARGV[6],
}
if not store(header, ARGV[7], true) then
  return { 'exists' }
end
return { 'created', integer(now) }
