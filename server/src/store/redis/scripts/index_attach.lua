-- Adds an entry for a session to the index of a subject, or renews it; and removes what is over.
--
-- ARGV[4]  handle
-- ARGV[5]  id of the attachment, a change in flight that gives the session the subject; '' when it has it already
-- ARGV[6]  ms until the attachment is over at the latest
-- ARGV[7]  ms from then on that the entry is kept, or '-' for ever
-- ARGV[8]  maximum number of entries, with this one; or '' for any
--
-- Returns { 'attached' }; or { 'full' } and adds nothing, when there would be too many entries.
-- Errors: none
--
-- @include lib/call.lua
-- @include lib/integer.lua
-- @setting expires_by_ttl

local never = 4503599627370496

local handle, attachment, pending, kept, max_entries = unpack(ARGV, 4, 8)
redis.call('ZREMRANGEBYSCORE', key, integer(-now), now_text)
if max_entries ~= '' then
  local others = redis.call('ZSCORE', key, handle) and max_entries or max_entries - 1
  if redis.call('ZRANGE', key, '0', '+inf', 'BYSCORE', 'LIMIT', integer(others), '1')[1] then
    return { 'full' }
  end
end
local over = now + pending
local score = kept == '-' and never + now or over + kept
if attachment == '' then
  redis.call('ZADD', key, integer(score), handle)
else
  -- Another score than before shows index_drop.lua that the session was attached meanwhile.
  if tonumber(redis.call('ZSCORE', key, handle) or -1) == score then
    score = score + 1
  end
  redis.call('ZADD', key, integer(score), handle, integer(-over), 'p:' .. handle .. ':' .. attachment)
end

local last = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
if expires_by_ttl and last < never then
  redis.call('PEXPIREAT', key, integer(last))
else
  redis.call('PERSIST', key)
end
return { 'attached' }
