-- Reads a part of the index of a subject. A scan returns every member at least once that is there all the time. Allowed when Redis is
-- full.
--
-- ARGV[4]  cursor of the part before, or '0'
--
-- Returns { 'scanned', time, cursor or '0' after the last part, members and scores by turns }.
-- Errors: none
--
-- @flags allow-oom
-- @include lib/call.lua

local cursor, members = unpack(redis.call('ZSCAN', key, ARGV[4], 'COUNT', 1000))
return { 'scanned', now_text, cursor, members }
