-- JSON arrays that grow, as text: elements keep the bytes they were written with. However many elements are appended, the text
-- is searched once and joined once. session/json-array.ts does the same in memory.
--
-- An array:
--   parts     its text without the closing bracket, in pieces
--   length    bytes of the whole text
--   is_empty  whether it has no elements
--   elements  by canonical text: its elements; nil until a search needs them
--
-- @include lib/json_value.lua

local function text_of(array)
  return table.concat(array.parts) .. ']'
end

-- Returns the functions that open an array and append to it, which are made only when they are needed.
local function array_functions()
  local canonical = canonical_function()

  -- Returns where the string that opens at a position closes, or the length of the text.
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

  -- Bytes per call of string.byte(): one call for each byte takes longer.
  local batch = 128

  -- Calls found() with each element of the text between an array's brackets, without space between tokens; or, without split,
  -- with the whole text. Reads each byte once, so the time is linear in the length of any text.
  local function each_piece(json, split, found)
    local byte, sub, length = string.byte, string.sub, #json
    local pieces, depth, from, start = {}, 0, 1, 1
    local function take_until(stop)
      if stop > from then
        pieces[#pieces + 1] = sub(json, from, stop - 1)
      end
      from = stop + 1
    end
    local function finish(stop)
      local piece
      if #pieces == 0 then
        piece = sub(json, from, stop - 1)
        from = stop + 1
      else
        take_until(stop)
        piece = table.concat(pieces)
        pieces = {}
      end
      if piece ~= '' then
        found(piece)
      end
    end
    while start <= length do
      local codes, index = { byte(json, start, start + batch - 1) }, 1
      local code = codes[1]
      while code do
        if code < 45 then
          if code == 44 then
            if split and depth == 0 then
              finish(start + index - 1)
            end
          elseif code == 34 then
            index = string_stop(json, start + index - 1) - start + 1
          elseif code == 32 or code == 9 or code == 10 or code == 13 then
            take_until(start + index - 1)
          end
        elseif code > 90 then
          if code == 91 or code == 123 then
            depth = depth + 1
          elseif code == 93 or code == 125 then
            depth = depth - 1
          end
        end
        index = index + 1
        code = codes[index]
      end
      start = start + index - 1
    end
    finish(length + 1)
  end

  local function without_space(json)
    local text = ''
    each_piece(json, false, function(piece)
      text = piece
    end)
    return text
  end

  local function elements_of(array)
    local elements = {}
    each_piece(string.sub(table.concat(array.parts), 2), true, function(element)
      elements[canonical(element)] = true
    end)
    return elements
  end

  -- Returns the array in a text, or nil when the text does not begin and end with brackets.
  local function open_array(text)
    local _, _, from, to = string.find(text, '^[ \t\r\n]*()%[.*()%][ \t\r\n]*$')
    if not from then
      return nil
    end
    local body = string.sub(text, from, to - 1)
    return { parts = { body }, length = to - from + 1, is_empty = string.find(body, '^%[[ \t\r\n]*$') ~= nil }
  end

  -- Appends an element. Returns whether it did: with unless_present, not when an element has the same value.
  local function append_to(array, element, unless_present)
    if unless_present or array.elements then
      array.elements = array.elements or elements_of(array)
      local text = canonical(without_space(element))
      if unless_present and array.elements[text] then
        return false
      end
      array.elements[text] = true
    end
    local parts = array.parts
    if not array.is_empty then
      parts[#parts + 1] = ','
      array.length = array.length + 1
    end
    parts[#parts + 1] = element
    array.length = array.length + #element
    array.is_empty = false
    return true
  end

  return open_array, append_to
end
