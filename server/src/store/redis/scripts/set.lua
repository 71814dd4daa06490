-- Sets keys of a session to values, all of them or none: what most updates do. The outcome is that of update.lua, at a fraction of
-- the cost: all entries but those of the keys are copied as they are.
--
-- ARGV[4]  and on, two for each key: key, value
--
-- Returns { 'updated', reply_of() the session, due_subject() }.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'limit', name },
--   { 'encrypted', record }
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/entry.lua
-- @include lib/record.lua
-- @include lib/subject.lua
-- @setting max_session_bytes
-- @setting max_keys

local header, record, problem = find()
if not header then
  return { problem }
end
if header.format == '2' then
  return { 'encrypted', record }
end

local keys, values = {}, {}
for at = 4, #ARGV, 2 do
  local key = ARGV[at]
  if not values[key] then
    keys[#keys + 1] = key
  end
  values[key] = ARGV[at + 1]
end

local attributes, at = attributes_at(record, header.body_at)
if not attributes then
  return { 'damaged' }
end

-- The new body: new lines, and pieces of the record between them.
local pieces, copied_to, data_stop = {}, header.body_at, at
local stored, names = {}, {}
local count, bytes, growth = 0, 0, 0
while at <= #record do
  local kind, name, value_length, stop = entry_at(record, at)
  if kind == '=' and not stored[name] then
    local value = values[name]
    stored[name] = true
    count = count + 1
    if value then
      pieces[#pieces + 1] = string.sub(record, copied_to, at - 1)
      pieces[#pieces + 1] = line_of('=', name, value)
      copied_to = stop + 1
      growth = growth + #value - value_length
    end
    data_stop = stop + 1
  elseif kind ~= '!' then
    return { 'damaged' }
  end
  names[#names + 1] = name
  bytes = bytes + #name + value_length
  at = stop + 1
end
if not is_utf8(table.concat(names, ' ')) then
  return { 'damaged' }
end
pieces[#pieces + 1] = string.sub(record, copied_to, data_stop - 1)
local new_count = count
for _, key in ipairs(keys) do
  if not stored[key] then
    pieces[#pieces + 1] = line_of('=', key, values[key])
    new_count = new_count + 1
    growth = growth + #key + #values[key]
  end
end
pieces[#pieces + 1] = string.sub(record, data_stop)

-- As in update.lua, only growth is refused.
if new_count > math.max(max_keys, count) then
  return { 'limit', 'maxKeys' }
end
if bytes + growth > math.max(max_session_bytes, bytes) then
  return { 'limit', 'maxSessionBytes' }
end
local due = due_subject(header, attributes)
if not advance(header) then
  return { 'damaged' }
end
write(header, table.concat(pieces))
return { 'updated', reply_of(header), due }
