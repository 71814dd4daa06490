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
--   { 'lease_lost' }, { 'operand', index of the mutation, problem }, { 'limit', name },
--   { 'unprepared', subject, ms that the session would live from now on or '-' } when its index must have an entry first
--
-- @include lib/attributes.lua
-- @include lib/body.lua
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/lease.lua
-- @include lib/mutations.lua
-- @include lib/previous_secret.lua
-- @include lib/record.lua
-- @include lib/subject.lua
-- @include lib/touch.lua
-- @setting max_session_bytes
-- @setting max_keys
-- @setting max_flash_messages
-- @setting max_flash_queues
-- @setting max_reply_bytes
-- @setting max_work_bytes

local if_version, new_secret_hash, new_csrf, new_idle = unpack(ARGV, 4, 7)
local indexed_subject, indexed_lifetime, fence, grace, attribute_count = unpack(ARGV, 8, 12)
local first_attribute = 13
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

-- Returns what to answer when the session, as changed, would outlive its entry in the index of its subject, or have none.
local function unprepared(header, subject)
  local expires = expiry_of(header)
  local lifetime = expires and expires - now
  if subject == indexed_subject and (indexed_lifetime == '-' or lifetime and lifetime <= tonumber(indexed_lifetime)) then
    return nil
  end
  return { 'unprepared', subject, lifetime and integer(lifetime) or '-' }
end

local header, record, problem = find()
if not header then
  return { problem }
end
-- A secret that was replaced cannot be used to replace the present one, or a thief could keep the session.
if header.is_previous and new_secret_hash ~= '' then
  return { 'not_found' }
end
if if_version ~= '' and tonumber(if_version) ~= tonumber(header.version) then
  return { 'version_mismatch', header.version }
end

local content = parse(record, header.body_at)
if not content then
  return { 'damaged' }
end
local lease = lease_of(content.attributes)
if fence ~= '' and not (is_held(lease) and lease.fence == fence) then
  return { 'lease_lost' }
end
local before = sizes_of(content)
budget.maxReplyBytes = math.max(max_reply_bytes, before.bytes)
budget.maxWorkBytes = math.max(max_work_bytes, before.bytes)
local reply = { 'updated', '', '', due_subject(header, content.attributes), '' }
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
local old_subject = attribute(content.attributes, '')
for at = first_attribute, first_mutation - 1, 2 do
  set_attribute(content.attributes, ARGV[at], ARGV[at + 1])
  local previous_hash = previous_secret(content.attributes)
  if ARGV[at] == '' and previous_hash then
    -- An attacker may have planted the previous secret before a login.
    set_previous_secret(content.attributes, previous_hash, 0)
  end
end
local subject = attribute(content.attributes, '')
if new_secret_hash ~= '' then
  if grace == '' then
    set_attribute(content.attributes, 'previous', '')
  else
    set_previous_secret(content.attributes, header.secret_hash, now + grace)
  end
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
if subject ~= '' and (subject ~= old_subject or new_idle ~= '') then
  local answer = unprepared(header, subject)
  if answer then
    return answer
  end
end
if subject ~= old_subject then
  reply[3], reply[4] = old_subject, ''
end
write(header, format(content))
reply[2] = reply_of(header)
if new_secret_hash ~= '' then
  reply[5] = subject
end
return reply
