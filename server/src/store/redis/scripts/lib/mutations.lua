-- The mutations of a content, as session/mutations.ts and session/draft.ts do them in memory. A mutation takes time in proportion
-- to its own bytes; the first one on an array or a queue, also to the bytes of that array or queue.
--
-- @include lib/body.lua
-- @include lib/entry.lua
-- @include lib/integer.lua
-- @include lib/json_array.lua
-- @include lib/json_value.lua

-- Bytes that the request may still spend, by limit; update.lua sets them. A mutation spends before it changes anything.
local budget = {}

-- Returns the bytes of the value under a key, or nil when the key does not exist.
local function length_under(data, key)
  if data.values[key] then
    return #data.values[key]
  end
  if data.arrays[key] then
    return data.arrays[key].length
  end
  return data.lines[key] and value_length_of(data.lines[key])
end

-- Counts a change of the bytes under a key; from nil: the key is new.
local function count(data, key, from, to)
  if from then
    data.bytes = data.bytes + to - from
  else
    add_name(data, key)
    data.bytes = data.bytes + #key + to
  end
end

local function set(data, key, value)
  count(data, key, length_under(data, key), #value)
  data.lines[key], data.values[key], data.arrays[key] = false, value, nil
end

-- Returns the mutations of all kinds but set. Redis makes the functions of a script each time it runs, which takes longer than
-- setting a value does, and most updates only set values.
local function other_mutations()
  -- Returns whether enough was left.
  local function spend(name, bytes)
    budget[name] = budget[name] - bytes
    return budget[name] >= 0
  end

  local function remove_name(map, name)
    if not map.positions then
      map.positions = {}
      for position, candidate in ipairs(map.names) do
        map.positions[candidate] = position
      end
    end
    map.names[map.positions[name]] = false
    map.positions[name] = nil
    map.size = map.size - 1
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

  local function remove_key(data, key)
    local length = length_under(data, key)
    if not length then
      return false
    end
    remove_name(data, key)
    data.bytes = data.bytes - #key - length
    data.lines[key], data.values[key], data.arrays[key] = nil, nil, nil
    return true
  end

  local function is_safe_integer(number)
    return number >= -9007199254740991 and number <= 9007199254740991
  end

  local open_array, append_to
  local mutations = {}

  function mutations.set_if_absent(content, key, value)
    local data = content.data
    if not spend('maxReplyBytes', length_under(data, key) or #value) then
      return nil, 'maxReplyBytes'
    end
    local held = value_under(data, key)
    if held then
      return false, held
    end
    set(data, key, value)
    return true, value
  end

  function mutations.delete(content, key)
    return remove_key(content.data, key)
  end

  function mutations.take(content, key)
    local data = content.data
    if not spend('maxReplyBytes', length_under(data, key) or 0) then
      return nil, 'maxReplyBytes'
    end
    local held = value_under(data, key)
    return remove_key(data, key), held
  end

  function mutations.clear(content)
    local had_any = content.data.size > 0
    content.data = new_data()
    return had_any
  end

  function mutations.append(content, key, value, unless_present)
    local data = content.data
    local array, length = data.arrays[key], length_under(data, key)
    if not array then
      if not spend('maxWorkBytes', length or 0) then
        return nil, 'maxWorkBytes'
      end
      if not append_to then
        open_array, append_to = array_functions()
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
    count(data, key, length, array.length)
    data.lines[key], data.values[key] = false, nil
    return true
  end

  function mutations.increment(content, key, by)
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

  local canonical

  function mutations.push_flash(content, queue, message, unless_present)
    local flash = content.flash
    local lines = flash.lines[queue]
    local known = flash.known[queue]
    if unless_present and not known then
      if not spend('maxWorkBytes', flash.lengths[queue] or 0) then
        return nil, 'maxWorkBytes'
      end
      canonical = canonical or canonical_function()
      known = {}
      for _, line in ipairs(lines or {}) do
        known[canonical(value_of(line))] = true
      end
      flash.known[queue] = known
    end
    if known then
      local value = canonical(message)
      if unless_present and known[value] then
        return false
      end
      known[value] = true
    end
    if not lines then
      lines = {}
      add_name(flash, queue)
      flash.lines[queue], flash.lengths[queue] = lines, 0
    end
    lines[#lines + 1] = line_of('!', queue, message)
    flash.lengths[queue] = flash.lengths[queue] + #message
    flash.bytes = flash.bytes + #queue + #message
    return true
  end

  function mutations.pop_flash(content, queue)
    local flash = content.flash
    local lines, length = flash.lines[queue], flash.lengths[queue]
    if not lines then
      return false, {}
    end
    if not spend('maxReplyBytes', length) then
      return nil, 'maxReplyBytes'
    end
    local messages = {}
    for position, line in ipairs(lines) do
      messages[position] = value_of(line)
    end
    remove_name(flash, queue)
    flash.bytes = flash.bytes - #queue * #lines - length
    flash.lines[queue], flash.lengths[queue], flash.known[queue] = nil, nil, nil
    return true, messages
  end

  return mutations
end

local others

-- Changes the content. Returns whether it did, and the value or messages that are the result, if any; or nil and the problem: the
-- limit in budget that was exceeded, or what is wrong with the value that the key holds.
local function mutate(content, kind, name, value, unless_present)
  if kind == 'set' then
    set(content.data, name, value)
    return true
  end
  others = others or other_mutations()
  return others[kind](content, name, value, unless_present)
end
