-- The operations on a content: what session/operations.ts and session/draft.ts do in memory. Whatever a request asks, an
-- operation takes time in proportion to its own bytes, and the first one on an array or a queue to that of the array or queue
-- besides.

-- What one request may still cost, by the names of the limits; update.lua sets it. An operation spends before it does anything.
local budget = {}

-- Returns whether there was that much left.
local function spend(name, bytes)
  budget[name] = budget[name] - bytes
  return budget[name] >= 0
end

local function value_under(data, key)
  local value = data.values[key]
  if not value then
    if data.arrays[key] then
      value = text_of(data.arrays[key])
    elseif data.lines[key] then
      value = value_of(data.lines[key])
    end
    data.values[key] = value
  end
  return value
end

-- Gives each key whose array has grown its value, for format() to find.
local function close_arrays(data)
  for key in pairs(data.arrays) do
    value_under(data, key)
  end
end

-- Notes that a key has a new value, of a length.
local function renew(data, key, length)
  if data.lines[key] == nil then
    add_name(data, key)
    data.bytes = data.bytes + #key + length
  else
    data.bytes = data.bytes + length - data.lengths[key]
  end
  data.lines[key], data.lengths[key] = false, length
end

local function set(data, key, value)
  renew(data, key, #value)
  data.values[key], data.arrays[key] = value, nil
end

local function remove_key(data, key)
  if data.lines[key] == nil then
    return false
  end
  remove_name(data, key)
  data.bytes = data.bytes - #key - data.lengths[key]
  data.lines[key], data.lengths[key], data.values[key], data.arrays[key] = nil, nil, nil, nil
  return true
end

local function is_safe_integer(number)
  return number >= -9007199254740991 and number <= 9007199254740991
end

-- Each changes the content and returns whether it did, and what it gives, if anything; or nil and why not: a name in budget, or
-- the problem with the value that the key holds.
local operations = {}

function operations.set(content, key, value)
  set(content.data, key, value)
  return true
end

function operations.set_if_absent(content, key, value)
  local data = content.data
  if not spend('maxReplyBytes', data.lengths[key] or #value) then
    return nil, 'maxReplyBytes'
  end
  local held = value_under(data, key)
  if held then
    return false, held
  end
  set(data, key, value)
  return true, value
end

function operations.delete(content, key)
  return remove_key(content.data, key)
end

function operations.take(content, key)
  local data = content.data
  if not spend('maxReplyBytes', data.lengths[key] or 0) then
    return nil, 'maxReplyBytes'
  end
  local held = value_under(data, key)
  return remove_key(data, key), held
end

function operations.clear(content)
  local had_any = content.data.size > 0
  content.data = new_data()
  return had_any
end

function operations.append(content, key, value, unless_present)
  local data = content.data
  local array = data.arrays[key]
  if not array then
    if not spend('maxWorkBytes', data.lengths[key] or 0) then
      return nil, 'maxWorkBytes'
    end
    array = open_array(value_under(data, key) or '[]')
    if not array then
      return nil, 'no_json_array'
    end
    data.arrays[key] = array
  end
  if not append_to(array, value, unless_present) then
    return false
  end
  renew(data, key, array.length)
  data.values[key] = nil
  return true
end

function operations.increment(content, key, by)
  local data = content.data
  local held = value_under(data, key) or '0'
  if not (held == '0' or string.find(held, '^-?[1-9]%d*$')) then
    return nil, 'no_json_integer'
  end
  local sum = tonumber(held) + tonumber(by)
  if not is_safe_integer(tonumber(held)) or not is_safe_integer(sum) then
    return nil, 'integer_overflow'
  end
  local value = integer(sum)
  if not spend('maxReplyBytes', #value) then
    return nil, 'maxReplyBytes'
  end
  set(data, key, value)
  return true, value
end

function operations.push_flash(content, queue, message, unless_present)
  local flash = content.flash
  local lines, line = flash.lines[queue], line_of('!', queue, message)
  local known = flash.known[queue]
  if unless_present and not known then
    if not spend('maxWorkBytes', flash.lengths[queue] or 0) then
      return nil, 'maxWorkBytes'
    end
    known = {}
    for _, waiting in ipairs(lines or {}) do
      known[waiting] = true
    end
    flash.known[queue] = known
  end
  if known then
    if unless_present and known[line] then
      return false
    end
    known[line] = true
  end
  if not lines then
    lines = {}
    add_name(flash, queue)
    flash.lines[queue], flash.lengths[queue] = lines, 0
  end
  lines[#lines + 1] = line
  flash.lengths[queue] = flash.lengths[queue] + #message
  flash.bytes = flash.bytes + #queue + #message
  return true
end

function operations.pop_flash(content, queue)
  local flash = content.flash
  local lines, length = flash.lines[queue], flash.lengths[queue]
  if not lines then
    return false, {}
  end
  if not spend('maxReplyBytes', length) then
    return nil, 'maxReplyBytes'
  end
  local messages = {}
  for place, line in ipairs(lines) do
    messages[place] = value_of(line)
  end
  remove_name(flash, queue)
  flash.bytes = flash.bytes - #queue * #lines - length
  flash.lines[queue], flash.lengths[queue], flash.known[queue] = nil, nil, nil
  return true, messages
end
