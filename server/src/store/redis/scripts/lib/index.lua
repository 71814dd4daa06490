-- The index of a subject's sessions, a sorted set:
--
--   <handle>                   an entry; score: when it may be removed, in ms since 1970, or never, from 2^52 up
--   p:<handle>:<attachment>    an attachment in flight; score: the negative of the time at which it is over
--
-- @include lib/call.lua
-- @include lib/integer.lua

-- Returns the attachments in flight.
local function attachments()
  return redis.call('ZRANGE', key, '-inf', '(' .. integer(-now), 'BYSCORE')
end
