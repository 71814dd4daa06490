-- The lease of a session: the attribute 'lease', with its fence, its end in ms since 1970 and its holder. A lease that was released has
-- the end 0; it stays, so that the next fence is greater.
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/entry.lua
-- @include lib/integer.lua

-- Returns the last lease: { fence =, ends =, holder = }; or nil.
local function lease_of(attributes)
  local line = attributes.lines.lease
  local fence, ends, holder = string.match(line and value_of(line) or '', '^(%d+) (%d+) (.*)$')
  return fence and { fence = fence, ends = tonumber(ends), holder = holder }
end

local function set_lease(attributes, fence, ends, holder)
  set_attribute(attributes, 'lease', fence .. ' ' .. integer(ends) .. ' ' .. holder)
end

-- Returns whether a lease lasts.
local function is_held(lease)
  return lease and lease.ends > now
end
