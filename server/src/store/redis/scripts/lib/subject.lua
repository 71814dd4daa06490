-- What a use of a session means to the index of its subject.
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/record.lua

-- Returns the session's subject if its entry in the index has to be renewed, else ''. That is due at the first use in each touch interval,
-- counted from 1970, because frequent changes record an access each. To be called before the header is changed.
local function due_subject(header, attributes)
  local interval = math.max(touch_interval_of(tonumber(header.idle)), 1)
  if math.floor(header.accessed / interval) == math.floor(now / interval) then
    return ''
  end
  return attribute(attributes, '')
end
