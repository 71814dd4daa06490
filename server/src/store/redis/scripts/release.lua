-- Ends a lease before its time, which is no access. Allowed when Redis is full: it makes the record shorter.
--
-- ARGV[4]  fence of the lease
--
-- Returns { 'released' }, or { 'ended' } if the lease had ended before.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }
--
-- @flags allow-oom
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/lease.lua
-- @include lib/record.lua

local header, record, problem = find()
if not header then
  return { problem }
end
local content = parse(record, header)
if not content then
  return { 'damaged' }
end

local lease = lease_of(content.attributes)
if not is_held(lease) or lease.fence ~= ARGV[4] then
  return { 'ended' }
end
set_lease(content.attributes, lease.fence, 0, '')
write(header, format(content))
return { 'released' }
