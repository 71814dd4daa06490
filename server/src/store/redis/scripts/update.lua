-- Applies a change to a session, all of it or nothing.
--
-- ARGV[4]  version that the session must have, or ''
-- ARGV[5]  SHA-256 of the new secret, base64url, or ''
-- ARGV[6]  new CSRF token, or ''
-- ARGV[7]  new idle timeout in ms, '-' for none, or '' to leave it
-- ARGV[8]  subject whose index has an entry for the session, or ''
-- ARGV[9]  ms that the session may live from now on because of that entry, or '-' for ever
-- ARGV[10] fence of the lease that must last, or ''
-- ARGV[11] with a new secret: grace of the present one in ms, or '' for none
-- ARGV[12] number of attributes to change
-- ARGV[13] and on, two for each of these: name, new value or '' to remove it; then four for each mutation: kind, key or queue, value or
--          number or message, '1' for unless_present
--
-- Returns { 'updated', reply_of() the session, subject that the session no longer has or '', due_subject() or '', with a new secret the
-- subject or '', and a result for each mutation }. A result is 1 when the mutation applied, else
-- 0; where it has a value or messages, it is { that, these }.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'version_mismatch', version },
--   { 'lease_lost' }, { 'encrypted', record }, { 'operand', index of the mutation, problem }, { 'limit', name },
--   { 'unprepared', subject, ms that the session would live from now on or '-' } when its index must have an entry first
--
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/change.lua
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

local header, record, refusal = find_to_change()
if not header then
  return refusal
end
if header.format == '2' then
  return { 'encrypted', record }
end

local content = parse(record, header)
if not content then
  return { 'damaged' }
end
if lacks_lease(content.attributes) then
  return { 'lease_lost' }
end
local before = sizes_of(content)
budget.maxReplyBytes = math.max(max_reply_bytes, before.bytes)
budget.maxWorkBytes = math.max(max_work_bytes, before.bytes)
local reply = { 'updated', '', '', due_subject(header, content.attributes), '' }
local changed = changes_terms()
for at = after_attributes, #ARGV, 4 do
  local kind, name, value, unless_present = unpack(ARGV, at, at + 3)
  local applied, gives = mutate(content, kind, name, value, unless_present == '1')
  if applied == nil and budget[gives] then
    return { 'limit', gives }
  end
  if applied == nil then
    return { 'operand', integer((at - after_attributes) / 4), gives }
  end
  local result = applied and 1 or 0
  reply[#reply + 1] = gives and { result, gives } or result
  changed = changed or applied
end
if not changed then
  if not touch(header, record) then
    reply[4] = ''
  end
  reply[2] = reply_of(header)
  return reply
end

local limit = exceeded_limit(before, sizes_of(content))
if limit then
  return { 'limit', limit }
end
local obstacle = change_terms(header, content.attributes, reply)
if obstacle then
  return obstacle
end
write(header, format(content))
reply[2] = reply_of(header)
return reply
