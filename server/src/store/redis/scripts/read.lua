-- Reads a session that the sidecar is about to change, unless replace.lua would refuse that now. Does not record an access.
--
-- ARGV[4]  and on: as update.lua has them, without mutations
--
-- Returns { 'found', record }.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'version_mismatch', version },
--   { 'lease_lost' }
--
-- @include lib/call.lua
-- @include lib/change.lua

local header, record, refusal = find_to_change()
if not header then
  return refusal
end
local attributes, _, obstacle = attributes_to_change(header, record)
if not attributes then
  return obstacle
end
return { 'found', record }
