-- A record's body as tables, and the operations on it: what session/content.ts and session/json-array.ts do in memory.

-- A map that remembers the order in which its keys came.
local function ordered_map()
  local map = { keys = {}, values = {}, size = 0 }

  function map.set(name, value)
    if map.values[name] == nil then
      map.keys[#map.keys + 1] = name
      map.size = map.size + 1
    end
    map.values[name] = value
  end

  function map.remove(name)
    local value = map.values[name]
    if value ~= nil then
      for index, candidate in ipairs(map.keys) do
        if candidate == name then
          table.remove(map.keys, index)
          break
        end
      end
      map.values[name] = nil
      map.size = map.size - 1
    end
    return value
  end

  return map
end

-- Returns the content of a body and its sizes as the limits count them, or nil when the body is damaged.
local function parse(record, at)
  local content = { data = ordered_map(), flash = ordered_map(), subject = '' }
  local bytes = 0
  while at <= #record do
    local _, stop, kind, name_length, value_length = string.find(record, '^([=!@])(%d+),(%d+) ', at)
    if not stop then
      return nil
    end
    local name_stop = stop + name_length
    local value_stop = name_stop + 1 + value_length
    local name = string.sub(record, stop + 1, name_stop)
    local value = string.sub(record, name_stop + 2, value_stop)
    if string.sub(record, name_stop + 1, name_stop + 1) ~= ' ' or string.sub(record, value_stop + 1, value_stop + 1) ~= '\n' then
      return nil
    end
    if kind == '=' then
      content.data.set(name, value)
    elseif kind == '!' then
      local messages = content.flash.values[name] or {}
      messages[#messages + 1] = value
      content.flash.set(name, messages)
    else
      content.subject = value
    end
    if kind ~= '@' then
      bytes = bytes + #name + #value
    end
    at = value_stop + 2
  end
  local messages = {}
  for queue, waiting in pairs(content.flash.values) do
    messages[queue] = #waiting
  end
  return content, { bytes = bytes, keys = content.data.size, messages = messages }
end

local function line(kind, name, value)
  return string.format('%s%d,%d ', kind, #name, #value) .. name .. ' ' .. value .. '\n'
end

-- Returns the body of a content, and its size as the session size limit counts it.
local function format(content)
  local lines, bytes = {}, 0
  if content.subject ~= '' then
    lines[1] = line('@', '', content.subject)
  end
  for _, name in ipairs(content.data.keys) do
    local value = content.data.values[name]
    lines[#lines + 1] = line('=', name, value)
    bytes = bytes + #name + #value
  end
  for _, queue in ipairs(content.flash.keys) do
    for _, message in ipairs(content.flash.values[queue]) do
      lines[#lines + 1] = line('!', queue, message)
      bytes = bytes + #queue + #message
    end
  end
  return table.concat(lines), bytes
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
  local text = string.match(array, '^[ \t\r\n]*(%[.*%])[ \t\r\n]*$')
  if not text then
    return nil
  end
  local elements = known_elements[array]
  if unless_present or elements then
    elements = elements or elements_of(text, true)
    known_elements[array] = elements
    local added = next(elements_of(element, false))
    if unless_present and elements[added] then
      return 'present'
    end
    elements[added] = true
  end
  local body = string.sub(text, 1, -2)
  local is_empty = string.find(body, '^%[[ \t\r\n]*$')
  local appended = body .. (is_empty and '' or ',') .. element .. ']'
  known_elements[array], known_elements[appended] = nil, elements
  return appended
end

local function is_safe_integer(number)
  return number >= -9007199254740991 and number <= 9007199254740991
end

-- Each changes the content and returns its result: whether it applied, and a value if it has one; or nil and the problem with
-- the value that the key holds.
local operations = {}

function operations.set(content, name, value)
  content.data.set(name, value)
  return { 1 }
end

function operations.set_if_absent(content, name, value)
  local held = content.data.values[name]
  if held then
    return { 0, held }
  end
  content.data.set(name, value)
  return { 1, value }
end

function operations.delete(content, name)
  return { content.data.remove(name) and 1 or 0 }
end

function operations.take(content, name)
  local value = content.data.remove(name)
  return value and { 1, value } or { 0 }
end

function operations.clear(content)
  local applied = content.data.size > 0 and 1 or 0
  content.data = ordered_map()
  return { applied }
end

function operations.append(content, name, value, unless_present)
  local appended = append_to_json_array(content.data.values[name] or '[]', value, unless_present)
  if not appended then
    return nil, 'no_json_array'
  end
  if appended == 'present' then
    return { 0 }
  end
  content.data.set(name, appended)
  return { 1 }
end

function operations.increment(content, name, by)
  local held = content.data.values[name] or '0'
  if not (held == '0' or string.find(held, '^-?[1-9]%d*$')) then
    return nil, 'no_json_integer'
  end
  local sum = tonumber(held) + tonumber(by)
  if not is_safe_integer(tonumber(held)) or not is_safe_integer(sum) then
    return nil, 'integer_overflow'
  end
  local value = integer(sum)
  content.data.set(name, value)
  return { 1, value }
end

function operations.push_flash(content, queue, message, unless_present)
  local messages = content.flash.values[queue] or {}
  if unless_present then
    for _, waiting in ipairs(messages) do
      if waiting == message then
        return { 0 }
      end
    end
  end
  messages[#messages + 1] = message
  content.flash.set(queue, messages)
  return { 1 }
end

function operations.pop_flash(content, queue)
  local messages = content.flash.remove(queue)
  return messages and { 1, messages } or { 0, {} }
end
