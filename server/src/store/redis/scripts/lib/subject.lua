-- Whose session a record is.
--
-- @include lib/entry.lua

-- Returns the subject, or the empty text if there is none or the body is damaged.
local function subject_of(record, body_at)
  local at = body_at
  while at <= #record do
    local kind, name, value_length, stop = entry_at(record, at)
    if not stop then
      return ''
    end
    if kind == '@' and name == '' then
      return string.sub(record, stop - value_length, stop - 1)
    end
    at = stop + 1
  end
  return ''
end
