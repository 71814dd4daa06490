-- Removes entries from the index of a subject, except those of sessions that were attached since the entry was read, and those with an
-- attachment in flight. Allowed when Redis is full.
--
-- ARGV[4]  and on, two for each entry: handle, score when it was read
--
-- Returns { 'dropped' }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/call.lua
-- @include lib/index.lua

local in_flight = {}
for _, member in ipairs(attachments()) do
  in_flight[string.match(member, '^p:(.-):')] = true
end
for at = 4, #ARGV, 2 do
  local handle, score = ARGV[at], ARGV[at + 1]
  if not in_flight[handle] and tonumber(redis.call('ZSCORE', key, handle) or -1) == tonumber(score) then
    redis.call('ZREM', key, handle)
  end
end
return { 'dropped' }
