-- A record's body as tables, and the operations on it: what session/content.ts and session/json-array.ts do in memory.
--
-- What a name stands for is kept as it stands in the record, a key's value as its line and a queue's messages as a list of
-- lines, because a change leaves most of them as they are; where it does not, false stands for the line of a new value. Beside
-- them: the names in the order in which they came, their number, and the bytes of names and values as the session size limit
-- counts them.

local function new_map()
  return { names = {}, lines = {}, values = {}, size = 0, bytes = 0 }
end

local function put(map, name, lines, bytes)
  if map.lines[name] == nil then
    map.names[#map.names + 1] = name
    map.size = map.size + 1
  end
  map.lines[name] = lines
  map.bytes = map.bytes + bytes
end

local function remove(map, name, bytes)
  for index, candidate in ipairs(map.names) do
    if candidate == name then
      table.remove(map.names, index)
      break
    end
  end
  map.lines[name] = nil
  map.size = map.size - 1
  map.bytes = map.bytes - bytes
end

local function line_of(kind, name, value)
  return kind .. #name .. ',' .. #value .. ' ' .. name .. ' ' .. value .. '\n'
end

local function value_of(line)
  local _, stop, name_length = string.find(line, '^.(%d+),%d+ ')
  return string.sub(line, stop + name_length + 2, -2)
end

-- Returns the content of a body, or nil when it is damaged.
local function parse(record, at)
  local find, sub, byte, length = string.find, string.sub, string.byte, #record
  local data, flash, subject_line = new_map(), new_map(), ''
  while at <= length do
    local _, stop, kind, name_length, value_length = find(record, '^([=!@])(%d+),(%d+) ', at)
    if not stop then
      return nil
    end
    local name_stop = stop + name_length
    local value_stop = name_stop + 1 + value_length
    if byte(record, name_stop + 1) ~= 32 or byte(record, value_stop + 1) ~= 10 then
      return nil
    end
    local name = sub(record, stop + 1, name_stop)
    local line = sub(record, at, value_stop + 1)
    local bytes = name_length + value_length
    if kind == '=' then
      put(data, name, line, bytes)
    elseif kind == '!' then
      local messages = flash.lines[name] or {}
      messages[#messages + 1] = line
      put(flash, name, messages, bytes)
    else
      subject_line = line
    end
    at = value_stop + 2
  end
  return { data = data, flash = flash, subject_line = subject_line }
end

-- Returns the body of a content.
local function format(content)
  local lines = { content.subject_line }
  for _, name in ipairs(content.data.names) do
    lines[#lines + 1] = content.data.lines[name] or line_of('=', name, content.data.values[name])
  end
  for _, queue in ipairs(content.flash.names) do
    for _, message in ipairs(content.flash.lines[queue]) do
      lines[#lines + 1] = message
    end
  end
  return table.concat(lines)
end

-- Returns the sizes of a content as the limits count them.
local function sizes_of(content)
  local messages = {}
  for queue, waiting in pairs(content.flash.lines) do
    messages[queue] = #waiting
  end
  return { bytes = content.data.bytes + content.flash.bytes, keys = content.data.size, messages = messages }
end

local function value_under(content, key)
  local data = content.data
  local line = data.lines[key]
  return data.values[key] or line and value_of(line)
end

local function set(content, key, value)
  local held = value_under(content, key)
  content.data.values[key] = value
  put(content.data, key, false, held and #value - #held or #key + #value)
end

local function remove_key(content, key)
  local held = value_under(content, key)
  if held then
    content.data.values[key] = nil
    remove(content.data, key, #key + #held)
  end
  return held
end

local function without_space(text)
  return (string.gsub(text, '[ \t\r\n]+', ''))
end

-- Where the JSON string that opens at `at` closes.
local function string_stop(json, at)
  local stop = at
  while true do
    stop = string.find(json, '["\\]', stop + 1)
    if not stop then
      return #json
    end
    if string.byte(json, stop) == 34 then
      return stop
    end
    stop = stop + 1
  end
end

-- Cuts a JSON text at the commas between the elements of its outermost array; without an array, it is one element. Space
-- between tokens is left out.
local function elements_of(json, is_array)
  local elements, parts, depth, at = {}, {}, is_array and 0 or 1, 1
  local function finish()
    local element = table.concat(parts)
    if element ~= '' then
      elements[element] = true
    end
    parts = {}
  end
  while true do
    local mark_at, _, mark = string.find(json, '(["%[%]{},])', at)
    parts[#parts + 1] = without_space(string.sub(json, at, (mark_at or 0) - 1))
    if not mark_at then
      break
    end
    at = mark_at + 1
    if mark == '"' then
      local stop = string_stop(json, mark_at)
      parts[#parts + 1] = string.sub(json, mark_at, stop)
      at = stop + 1
    elseif mark == ',' and depth == 1 and is_array then
      finish()
    else
      if mark == ']' or mark == '}' then
        depth = depth - 1
      end
      if depth > 0 then
        parts[#parts + 1] = mark
      end
      if mark == '[' or mark == '{' then
        depth = depth + 1
      end
    end
  end
  finish()
  return elements
end

-- The elements of arrays that were appended to, by the array's text: a thousand appends in one request parse an array once.
local known_elements = {}

-- Returns the array with the element added, 'present', or nil when it is no JSON array.
local function append_to_json_array(array, element, unless_present)
  local _, _, from, to = string.find(array, '^[ \t\r\n]*()%[.*()%][ \t\r\n]*$')
  if not from then
    return nil
  end
  local elements = known_elements[array]
  if unless_present or elements then
    elements = elements or elements_of(string.sub(array, from, to), true)
    known_elements[array] = elements
    local added = next(elements_of(element, false))
    if unless_present and elements[added] then
      return 'present'
    end
    elements[added] = true
  end
  local body = string.sub(array, from, to - 1)
  local is_empty = string.find(body, '^%[[ \t\r\n]*$')
  local appended = body .. (is_empty and '' or ',') .. element .. ']'
  known_elements[array], known_elements[appended] = nil, elements
  return appended
end

local function is_safe_integer(number)
  return number >= -9007199254740991 and number <= 9007199254740991
end

-- Each changes the content and returns whether it did, and what it gives, if anything; or nil and the problem with the value
-- that the key holds.
local operations = {}

function operations.set(content, key, value)
  set(content, key, value)
  return true
end

function operations.set_if_absent(content, key, value)
  local held = value_under(content, key)
  if held then
    return false, held
  end
  set(content, key, value)
  return true, value
end

function operations.delete(content, key)
  return remove_key(content, key) ~= nil
end

function operations.take(content, key)
  local held = remove_key(content, key)
  return held ~= nil, held
end

function operations.clear(content)
  local had_any = content.data.size > 0
  content.data = new_map()
  return had_any
end

function operations.append(content, key, value, unless_present)
  local appended = append_to_json_array(value_under(content, key) or '[]', value, unless_present)
  if not appended then
    return nil, 'no_json_array'
  end
  if appended == 'present' then
    return false
  end
  set(content, key, appended)
  return true
end

function operations.increment(content, key, by)
  local held = value_under(content, key) or '0'
  if not (held == '0' or string.find(held, '^-?[1-9]%d*$')) then
    return nil, 'no_json_integer'
  end
  local sum = tonumber(held) + tonumber(by)
  if not is_safe_integer(tonumber(held)) or not is_safe_integer(sum) then
    return nil, 'integer_overflow'
  end
  local value = integer(sum)
  set(content, key, value)
  return true, value
end

function operations.push_flash(content, queue, message, unless_present)
  local line = line_of('!', queue, message)
  local messages = content.flash.lines[queue] or {}
  if unless_present then
    for _, waiting in ipairs(messages) do
      if waiting == line then
        return false
      end
    end
  end
  messages[#messages + 1] = line
  put(content.flash, queue, messages, #queue + #message)
  return true
end

function operations.pop_flash(content, queue)
  local messages, bytes = {}, 0
  for _, line in ipairs(content.flash.lines[queue] or {}) do
    local message = value_of(line)
    messages[#messages + 1] = message
    bytes = bytes + #queue + #message
  end
  if #messages == 0 then
    return false, messages
  end
  remove(content.flash, queue, bytes)
  return true, messages
end
