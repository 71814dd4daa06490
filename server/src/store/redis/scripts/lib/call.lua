-- How every script begins: names the arguments that all have, asks Redis for the time, and does nothing after the deadline.
--
-- KEYS[1]  the key of the session, or of the index of a subject
-- ARGV[1]  SHA-256 of the secret, base64url: unlocks the session; '' when a script does not need it
-- ARGV[2]  the caller's deadline, in ms since 1970
-- ARGV[3]  '1' when Redis tracks the caller's reads, else ''
--
-- Returns { 'late', time } when the deadline has passed.
--
-- @include lib/integer.lua

local key = KEYS[1]
local secret_hash = ARGV[1]
local is_tracked = ARGV[3] == '1'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local now_text = integer(now)
if now > tonumber(ARGV[2]) then
  return { 'late', now_text }
end
