-- An entry of a record's body: one line, with the length of its name and of its value.

local function line_of(kind, name, value)
  return kind .. #name .. ',' .. #value .. ' ' .. name .. ' ' .. value .. '\n'
end

local function value_of(line)
  local _, stop, name_length = string.find(line, '^.(%d+),%d+ ')
  return string.sub(line, stop + name_length + 2, -2)
end

local function is_utf8(text)
  if not string.find(text, '[\128-\255]') then
    return true
  end
  -- The sequences of more than one byte (RFC 3629, section 4).
  local sequences = {
    '[\194-\223][\128-\191]',
    '\224[\160-\191][\128-\191]',
    '[\225-\236\238\239][\128-\191][\128-\191]',
    '\237[\128-\159][\128-\191]',
    '\240[\144-\191][\128-\191][\128-\191]',
    '[\241-\243][\128-\191][\128-\191][\128-\191]',
    '\244[\128-\143][\128-\191][\128-\191]',
  }
  for _, sequence in ipairs(sequences) do
    text = string.gsub(text, sequence, '?')
  end
  return not string.find(text, '[\128-\255]')
end

-- Returns the entry that begins at a position in a record: its kind, its name, the length of its value, and where it ends; or nil
-- when there is none.
local function entry_at(record, at)
  local _, stop, kind, name_length, value_length = string.find(record, '^([=!@*])(%d+),(%d+) ', at)
  if not stop then
    return nil
  end
  value_length = value_length + 0
  local name_stop = stop + name_length
  local value_stop = name_stop + 1 + value_length
  if
    not (value_stop < #record)
    or string.byte(record, name_stop + 1) ~= 32
    or string.byte(record, value_stop + 1) ~= 10
  then
    return nil
  end
  return kind, string.sub(record, stop + 1, name_stop), value_length, value_stop + 1
end
