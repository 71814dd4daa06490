-- Equality of JSON texts by value, as session/json-value.ts decides it in memory.
--
-- @include lib/integer.lua

-- The same limits as in session/json-value.ts.
local max_levels, max_exponent_digits, max_plain_digits = 64, 15, 32

-- Returns the function that gives the canonical text of a JSON text: the one that all texts of the same value get from this function.
-- A text that is no JSON, is nested too deeply, or has an exponent with too many digits, is returned as it is. The canonical text is JSON,
-- so it never equals a text that is not.
--
-- The function takes time in proportion to the bytes of a text and to the levels of its nesting.
local function canonical_function()
  local byte, char, find, floor, match, sub = string.byte, string.char, string.find, math.floor, string.match, string.sub

  -- Returns where the next token begins, and its first byte; nil at the end. Most texts have no space, so callers look for it first.
  local function token(json, at)
    local _, stop = find(json, '^[ \t\r\n]*', at)
    return stop + 1, byte(json, stop + 1)
  end

  local function utf8(code)
    local last = 128 + code % 64
    if code < 128 then
      return char(code)
    elseif code < 2048 then
      return char(192 + floor(code / 64), last)
    elseif code < 65536 then
      return char(224 + floor(code / 4096), 128 + floor(code / 64) % 64, last)
    end
    return char(240 + floor(code / 262144), 128 + floor(code / 4096) % 64, 128 + floor(code / 64) % 64, last)
  end

  -- Returns a character as it stands in a canonical string: as UTF-8, unless JSON or UTF-8 does not allow that.
  local function canonical_character(code)
    if code == 34 or code == 92 then
      return '\\' .. char(code)
    elseif code < 32 or (code >= 55296 and code <= 57343) then
      return string.format('\\u%04x', code)
    end
    return utf8(code)
  end

  local short_escapes = { ['"'] = 34, ['\\'] = 92, ['/'] = 47, b = 8, f = 12, n = 10, r = 13, t = 9 }

  -- Like the functions below, it returns the canonical text of what begins at a position, and where that stops; or nil.
  local function escape_at(json, at)
    local code = short_escapes[sub(json, at + 1, at + 1)]
    if code then
      return canonical_character(code), at + 1
    end
    local digits = match(json, '^\\u(%x%x%x%x)', at)
    if not digits then
      return nil
    end
    code = tonumber(digits, 16)
    local low = code >= 55296 and code <= 56319 and match(json, '^\\u([dD][c-fC-F]%x%x)', at + 6)
    if low then
      return canonical_character(65536 + (code - 55296) * 1024 + tonumber(low, 16) - 56320), at + 11
    end
    return canonical_character(code), at + 5
  end

  local function string_at(json, at)
    local _, stop = find(json, '^"[^%z\1-\31"\\]*', at)
    if byte(json, stop + 1) == 34 then
      return sub(json, at, stop + 1), stop + 1
    end
    local pieces = { sub(json, at, stop) }
    while byte(json, stop + 1) == 92 do
      local character, last = escape_at(json, stop + 1)
      if not character then
        return nil
      end
      pieces[#pieces + 1] = character
      _, stop = find(json, '^[^%z\1-\31"\\]*', last + 1)
      pieces[#pieces + 1] = sub(json, last + 1, stop)
    end
    if byte(json, stop + 1) ~= 34 then
      return nil
    end
    return table.concat(pieces) .. '"', stop + 1
  end

  local function number_with_power_at(json, at)
    local _, stop, sign, whole, fraction, exponent = find(json, '^(%-?)(%d+)(%.?%d*)([eE]?[+-]?%d*)', at)
    if
      not stop
      or (#whole > 1 and byte(whole) == 48)
      or fraction == '.'
      or (exponent ~= '' and not find(exponent, '^[eE][+-]?%d'))
    then
      return nil
    end
    local digits = match(whole .. sub(fraction, 2), '^0*(.*)$')
    local zeros = #match(string.reverse(digits), '^0*')
    if zeros == #digits then
      return '0', stop
    end
    if #match(exponent, '^[eE]?[+-]?0*(.*)$') > max_exponent_digits then
      return nil
    end
    local power = (tonumber(sub(exponent, 2)) or 0) - math.max(#fraction - 1, 0) + zeros
    if math.abs(power) >= 10 ^ max_exponent_digits then
      return nil
    end
    digits = sub(digits, 1, -zeros - 1)
    if power == 0 or (power > 0 and #digits + power <= max_plain_digits) then
      return sign .. digits .. string.rep('0', power), stop
    end
    return sign .. digits .. 'e' .. integer(power), stop
  end

  -- An integer that is not long stands as it is, because it is what most numbers are.
  local function number_at(json, at)
    local _, stop, first = find(json, '^-?()[1-9]%d*', at)
    local after = stop and byte(json, stop + 1)
    if stop and after ~= 46 and after ~= 69 and after ~= 101 and stop - first < max_plain_digits then
      return sub(json, at, stop), stop
    end
    return number_with_power_at(json, at)
  end

  local value_at

  local function array_at(json, at, levels)
    local elements, code = {}, nil
    at, code = token(json, at + 1)
    if code == 93 then
      return '[]', at
    end
    while true do
      local element, stop = value_at(json, at, code, levels)
      if not element then
        return nil
      end
      elements[#elements + 1] = element
      at = stop + 1
      code = byte(json, at)
      if code ~= 44 and code ~= 93 then
        at, code = token(json, at)
      end
      if code == 93 then
        return '[' .. table.concat(elements, ',') .. ']', at
      elseif code ~= 44 then
        return nil
      end
      at = at + 1
      code = byte(json, at)
    end
  end

  -- Sorts numbers. For some lists, table.sort() takes time in proportion to the square of their length.
  local function sorted(numbers)
    local width, count = 1, #numbers
    while width < count do
      local merged = {}
      for start = 1, count, 2 * width do
        local left, right = start, start + width
        local left_end, right_end = math.min(right, count + 1), math.min(right + width, count + 1)
        for at = start, right_end - 1 do
          if right >= right_end or (left < left_end and numbers[left] < numbers[right]) then
            merged[at], left = numbers[left], left + 1
          else
            merged[at], right = numbers[right], right + 1
          end
        end
      end
      numbers, width = merged, 2 * width
    end
    return numbers
  end

  -- By name of a member: when it was first seen. Any objects with the same names can be compared in this order, and most have it.
  local places, place_count = {}, 0

  local function place_of(name)
    if not places[name] then
      place_count = place_count + 1
      places[name] = place_count
    end
    return places[name]
  end

  -- The last of several members with one name counts, as parsers take it.
  local function object_at(json, at, levels)
    local members, order, last_place, is_sorted, code = {}, {}, 0, true, nil
    at, code = token(json, at + 1)
    if code == 125 then
      return '{}', at
    end
    while code == 34 do
      local name, stop = string_at(json, at)
      if not name then
        return nil
      end
      at = stop + 1
      if byte(json, at) ~= 58 then
        at, code = token(json, at)
        if code ~= 58 then
          return nil
        end
      end
      local value
      value, stop = value_at(json, at + 1, byte(json, at + 1), levels)
      if not value then
        return nil
      end
      local place = place_of(name)
      if not members[place] then
        order[#order + 1] = place
        is_sorted, last_place = is_sorted and place > last_place, place
      end
      members[place] = name .. ':' .. value
      at = stop + 1
      code = byte(json, at)
      if code ~= 44 and code ~= 125 then
        at, code = token(json, at)
      end
      if code == 125 then
        local sorted_members = {}
        for position, each in ipairs(is_sorted and order or sorted(order)) do
          sorted_members[position] = members[each]
        end
        return '{' .. table.concat(sorted_members, ',') .. '}', at
      elseif code ~= 44 then
        return nil
      end
      at = at + 1
      code = byte(json, at)
      if code ~= 34 then
        at, code = token(json, at)
      end
    end
    return nil
  end

  local literals = { ['true'] = true, ['false'] = true, ['null'] = true }

  -- code: the byte at the position. levels: how many arrays and objects may still open in one another.
  function value_at(json, at, code, levels)
    if code == 32 or code == 9 or code == 10 or code == 13 then
      at, code = token(json, at)
    end
    if code == 34 then
      return string_at(json, at)
    elseif code == 91 or code == 123 then
      if levels == 0 then
        return nil
      end
      return (code == 91 and array_at or object_at)(json, at, levels - 1)
    elseif code and code < 58 then
      return number_at(json, at)
    end
    local word = match(json, '^[a-z]+', at)
    return literals[word or ''] and word, at + #(word or '') - 1
  end

  -- What most messages and elements are, recognized in a fraction of the time.
  local function is_plain(json)
    local code = byte(json, 1)
    if code == 34 then
      return find(json, '^"[^%z\1-\31"\\]*"$')
    end
    return code and code > 48 and code < 58 and #json <= max_plain_digits and not find(json, '%D')
  end

  return function(json)
    if is_plain(json) then
      return json
    end
    local value, stop = value_at(json, 1, byte(json, 1), max_levels)
    if value and stop < #json then
      stop = token(json, stop + 1) - 1
    end
    return value and stop == #json and value or json
  end
end
