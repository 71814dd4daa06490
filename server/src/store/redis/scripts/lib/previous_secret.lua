-- The secret that was replaced last, if it was with a grace: the attribute 'previous', with its hash and the end of the grace in ms since
-- 1970. It stays after that, so that its use can be noticed.
--
-- @include lib/attributes.lua
-- @include lib/entry.lua
-- @include lib/integer.lua

-- Returns the hash of the previous secret and the end of its grace; or nil.
local function previous_secret(attributes)
  local line = attributes.lines.previous
  local hash, ends = string.match(line and value_of(line) or '', '^([%w_-]+) (%d+)$')
  return hash, tonumber(ends)
end

local function set_previous_secret(attributes, hash, ends)
  set_attribute(attributes, 'previous', hash .. ' ' .. integer(ends))
end
