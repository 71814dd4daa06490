-- Applies a change to a session, all of it or nothing.
--
-- ARGV[4]  version that the session must have, or ''
-- ARGV[5]  SHA-256 of the new secret, base64url, or ''
-- ARGV[6]  new CSRF token, or ''
-- ARGV[7]  new idle timeout in ms, '-' for none, or '' to leave it
-- ARGV[8]  number of attributes to change
-- ARGV[9]  and on, two for each of these: name, new value or '' to remove it; then four for each mutation: kind, key or queue, value or
--          number or message, '1' for unless_present
--
-- Returns { 'updated', metadata_of() the session, and a result for each mutation }; with a new secret, the metadata is followed by a
-- space and the subject. A result is 1 when the mutation applied, else
-- 0; where it has a value or messages, it is { that, these }.
-- Errors: { 'not_found' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'version_mismatch', version },
--   { 'operand', index of the mutation, problem }, { 'limit', name }
--
-- @include lib/attributes.lua
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/mutations.lua
-- @include lib/record.lua
-- @include lib/subject.lua
-- @include lib/touch.lua
-- @setting max_session_bytes
-- @setting max_keys
-- @setting max_flash_messages
-- @setting max_flash_queues
-- @setting max_reply_bytes
-- @setting max_work_bytes

local if_version, new_secret_hash, new_csrf, new_idle, attribute_count = unpack(ARGV, 4, 8)
local first_attribute = 9
local first_mutation = first_attribute + 2 * attribute_count

-- The same rule as exceededLimit() in session/mutations.ts: only growth is refused.
local function exceeded_limit(before, after)
  if after.keys > math.max(max_keys, before.keys) then
    return 'maxKeys'
  end
  if after.queues > math.max(max_flash_queues, before.queues) then
    return 'maxFlashQueues'
  end
  for queue, count in pairs(after.messages) do
    if count > math.max(max_flash_messages, before.messages[queue] or 0) then
      return 'maxFlashMessages'
    end
  end
  if after.bytes > math.max(max_session_bytes, before.bytes) then
    return 'maxSessionBytes'
  end
end

local header, record, problem = find()
if not header then
  return { problem }
end
if if_version ~= '' and tonumber(if_version) ~= tonumber(header.version) then
  return { 'version_mismatch', header.version }
end

local content = parse(record, header.body_at)
if not content then
  return { 'damaged' }
end
local before = sizes_of(content)
budget.maxReplyBytes = math.max(max_reply_bytes, before.bytes)
budget.maxWorkBytes = math.max(max_work_bytes, before.bytes)
local reply = { 'updated', '' }
local changed = new_secret_hash ~= '' or new_csrf ~= '' or new_idle ~= '' or first_mutation > first_attribute
for at = first_mutation, #ARGV, 4 do
  local kind, name, value, unless_present = unpack(ARGV, at, at + 3)
  local applied, gives = mutate(content, kind, name, value, unless_present == '1')
  if applied == nil and budget[gives] then
    return { 'limit', gives }
  end
  if applied == nil then
    return { 'operand', integer((at - first_mutation) / 4), gives }
  end
  local result = applied and 1 or 0
  reply[#reply + 1] = gives and { result, gives } or result
  changed = changed or applied
end
if not changed then
  touch(header, record)
  reply[2] = metadata_of(header)
  return reply
end

local limit = exceeded_limit(before, sizes_of(content))
if limit then
  return { 'limit', limit }
end
for at = first_attribute, first_mutation - 1, 2 do
  set_attribute(content.attributes, ARGV[at], ARGV[at + 1])
end
if new_secret_hash ~= '' then
  header.secret_hash = new_secret_hash
end
if new_csrf ~= '' then
  header.csrf = new_csrf
end
if new_idle ~= '' then
  header.idle = new_idle
end
if not advance(header) then
  return { 'damaged' }
end
write(header, format(content))
reply[2] = metadata_of(header)
if new_secret_hash ~= '' then
  reply[2] = reply[2] .. ' ' .. subject_of(content.attributes.lines[''] or '', 1)
end
return reply
