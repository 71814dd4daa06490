-- The body of a record, to and from the content of a session: { attributes =, data =, flash = }, or, if it is encrypted, { attributes =,
-- encrypted = its line }.
--
-- Entries keep their encoded line, so that unchanged ones are written back verbatim.
--
-- attributes: as lib/attributes.lua has them
-- data and flash:
--   names      in the order in which they were added, with false in the position of one that was removed
--   positions  by name: its position in names; nil until a name is removed
--   size       number of names
--   bytes      of names and values, as the session size limit counts them
-- data:
--   lines    by key: the line, or false once the key has a new value
--   values   by key: the value, where a mutation needed it or changed it; mutations.lua
--   arrays   by key: the JSON array that a mutation opened; mutations.lua
-- flash:
--   lines    by queue: a list of the messages' lines
--   lengths  by queue: bytes of all its messages
--   known    by queue: its messages by canonical text, where a mutation searched for one; mutations.lua
--
-- @include lib/attributes.lua
-- @include lib/entry.lua
-- @include lib/json_array.lua

local function add_name(map, name)
  local position = #map.names + 1
  map.names[position] = name
  map.size = map.size + 1
  if map.positions then
    map.positions[name] = position
  end
end

local function new_data()
  return { names = {}, size = 0, bytes = 0, lines = {}, values = {}, arrays = {} }
end

local function value_length_of(line)
  local _, _, value_length = string.find(line, '^.%d+,(%d+) ')
  return value_length + 0
end

-- Returns the content of a record; or nil when it is damaged, which is exactly when record-codec.ts rejects it. Whether an encrypted
-- content can be decrypted, only a sidecar can say.
local function parse(record, header)
  local attributes, at = attributes_at(record, header.body_at)
  if not attributes then
    return nil
  end
  if header.format == '2' then
    local kind, _, _, stop = entry_at(record, at)
    return kind == '*' and stop == #record and { attributes = attributes, encrypted = string.sub(record, at) } or nil
  end
  local data, bytes = new_data(), 0
  local flash = { names = {}, size = 0, bytes = 0, lines = {}, lengths = {}, known = {} }
  local lines, names, queues = data.lines, data.names, flash.lines
  while at <= #record do
    local kind, name, value_length, stop = entry_at(record, at)
    local line = kind and string.sub(record, at, stop)
    if kind == '=' and not lines[name] then
      names[#names + 1] = name
      lines[name] = line
      bytes = bytes + #name + value_length
    elseif kind == '!' then
      local messages = queues[name]
      if not messages then
        messages = {}
        add_name(flash, name)
        queues[name], flash.lengths[name] = messages, 0
      end
      messages[#messages + 1] = line
      flash.lengths[name] = flash.lengths[name] + value_length
      flash.bytes = flash.bytes + #name + value_length
    else
      return nil
    end
    at = stop + 1
  end
  data.size, data.bytes = #names, bytes
  if not is_utf8(table.concat(names, ' ') .. ' ' .. table.concat(flash.names, ' ')) then
    return nil
  end
  return { attributes = attributes, data = data, flash = flash }
end

-- Returns the body of a content.
local function format(content)
  if content.encrypted then
    return attributes_text(content.attributes) .. content.encrypted
  end
  local data, flash, lines = content.data, content.flash, { attributes_text(content.attributes) }
  for _, key in ipairs(data.names) do
    if key then
      lines[#lines + 1] = data.lines[key] or line_of('=', key, data.values[key] or text_of(data.arrays[key]))
    end
  end
  for _, queue in ipairs(flash.names) do
    for _, line in ipairs(queue and flash.lines[queue] or {}) do
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines)
end

-- Returns the sizes of a content as the limits count them.
local function sizes_of(content)
  local messages = {}
  for queue, lines in pairs(content.flash.lines) do
    messages[queue] = #lines
  end
  return {
    bytes = content.data.bytes + content.flash.bytes,
    keys = content.data.size,
    queues = content.flash.size,
    messages = messages,
  }
end
