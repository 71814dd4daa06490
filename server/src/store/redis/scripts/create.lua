-- Stores a new session, unless the key exists.
--
-- ARGV[4]  idle timeout in ms, or '-'
-- ARGV[5]  CSRF token or, in format 2, id of the key
-- ARGV[6]  body of the record
-- ARGV[7]  '1' when another session may have had this key, else ''
-- ARGV[8]  format of the record
--
-- Returns { 'created', time of creation, version }.
-- Errors: { 'exists' }
--
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/record.lua

local reuses_handle = ARGV[7] == '1'
local version = '1'
if reuses_handle then
  -- Removes an earlier session that has expired, if Redis has not.
  find()
  -- Nothing is known of the versions of earlier sessions, but none was changed every 10 microseconds of its life.
  version = integer(time[1] * 100000 + math.floor(time[2] / 10))
end

local header = {
  format = ARGV[8],
  version = version,
  created = now_text,
  accessed = now_text,
  idle = ARGV[4],
  secret_hash = secret_hash,
  csrf = ARGV[5],
}
if not write(header, ARGV[6], 'NX') then
  return { 'exists' }
end
return { 'created', now_text, version }
