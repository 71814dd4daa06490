-- Reads a session, whatever its secret, and does not record an access. Allowed when Redis is full.
--
-- ARGV[4]  subject that it must have, or '' for any or none
-- ARGV[5]  '1' for the whole record, '' for what comes before the data
--
-- Returns { 'found', record }.
-- Errors: { 'not_found' }, also when the session has another subject; { 'damaged' }, { 'newer_format' }, { 'foreign_type' }
--
-- @flags allow-oom
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/record.lua

local header, record, problem = read_record()
if not header then
  return { problem }
end
local attributes, data_at = attributes_at(record, header.body_at)
if not attributes then
  return { 'damaged' }
end
if ARGV[4] ~= '' and attribute(attributes, '') ~= ARGV[4] then
  return { 'not_found' }
end
return { 'found', ARGV[5] == '1' and record or string.sub(record, 1, data_at - 1) }
