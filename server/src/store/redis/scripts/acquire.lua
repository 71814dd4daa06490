-- Leases a session to a holder, unless another one has it, and reads it. Does not make a new version. A holder that has the lease gets
-- it again, unchanged.
--
-- ARGV[4]  duration of the lease in ms
-- ARGV[5]  holder
-- ARGV[6]  ids of the caller's keys, each between spaces
--
-- Returns { 'acquired', record, time of the last access, fence, end of the lease, due_subject() or '' }; or { 'closed', record } if
--   the caller cannot read it.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'held', ms until its end }
--
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/lease.lua
-- @include lib/record.lua
-- @include lib/subject.lua
-- @include lib/touch.lua

local duration, holder = unpack(ARGV, 4, 5)

local header, record, problem = find()
if not header then
  return { problem }
end
local content = parse(record, header)
if not content then
  return { 'damaged' }
end
if not has_key(header, ARGV[6]) then
  return { 'closed', record }
end

local due = due_subject(header, content.attributes)
local lease = lease_of(content.attributes)
if is_held(lease) then
  if lease.holder ~= holder then
    return { 'held', integer(lease.ends - now) }
  end
  local touched = touch(header, record)
  return { 'acquired', record, header.accessed, lease.fence, integer(lease.ends), touched and due or '' }
end

-- By the clock, so that it is greater than those of leases that Redis has lost in a failover.
local clock = time[1] * 1000000 + time[2]
local fence = integer(math.max(clock, lease and lease.fence + 1 or 0))
local ends = now + duration
set_lease(content.attributes, fence, ends, holder)
header.accessed = now_text
write(header, format(content))
return { 'acquired', record, header.accessed, fence, integer(ends), due }
