-- Reads a session that the sidecar is about to change, unless replace.lua would refuse that now. Does not record an access.
--
-- ARGV[4]  and on: as update.lua has them, without mutations
--
-- Returns { 'found', record }.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'version_mismatch', version },
--   { 'lease_lost' }
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/change.lua
-- @include lib/record.lua

local header, record, problem = find()
if not header then
  return { problem }
end
local refusal = refusal_of(header)
if refusal then
  return refusal
end
local attributes = attributes_at(record, header.body_at)
if not attributes then
  return { 'damaged' }
end
if lacks_lease(attributes) then
  return { 'lease_lost' }
end
return { 'found', record }
