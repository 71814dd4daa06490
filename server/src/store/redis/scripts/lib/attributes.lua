-- The attributes at the beginning of a body: texts by name. The subject has the empty name. Those that this version does not know are
-- kept.
--
-- names  in the order in which they were first written
-- lines  by name: the line, or false once the attribute was removed
--
-- @include lib/entry.lua

-- Returns the attributes of the body that begins at a position in a record, and the position after them; or nil when they are damaged.
local function attributes_at(record, at)
  local names, lines, texts = {}, {}, {}
  while string.byte(record, at) == 64 do
    local _, name, value_length, stop = entry_at(record, at)
    if not name or lines[name] or value_length == 0 then
      return nil
    end
    local line = string.sub(record, at, stop)
    names[#names + 1] = name
    texts[#texts + 1] = line
    lines[name] = line
    at = stop + 1
  end
  if not is_utf8(table.concat(texts)) then
    return nil
  end
  return { names = names, lines = lines }, at
end

-- Returns attributes as a body begins with them.
local function attributes_text(attributes)
  local lines = {}
  for _, name in ipairs(attributes.names) do
    lines[#lines + 1] = attributes.lines[name] or nil
  end
  return table.concat(lines)
end

-- Returns the text of an attribute, or '' when there is none.
local function attribute(attributes, name)
  local line = attributes.lines[name]
  return line and value_of(line) or ''
end

-- Sets an attribute, or removes it when the value is ''.
local function set_attribute(attributes, name, value)
  if attributes.lines[name] == nil then
    attributes.names[#attributes.names + 1] = name
  end
  attributes.lines[name] = value ~= '' and line_of('@', name, value)
end
