-- Applies a change to a session that exists, all of it or nothing.
--
-- ARGV[5]   version the session must be at, or ''
-- ARGV[6]   SHA-256 of the new secret, base64url, or ''
-- ARGV[7]   new CSRF token, or ''
-- ARGV[8]   new idle timeout in ms, '-' for none, or '' to leave it
-- ARGV[9]   '=' and the new subject (nothing more: nobody), or '' to leave it
-- ARGV[10]  most bytes of a session
-- ARGV[11]  most keys of a session
-- ARGV[12]  most messages of a flash queue
-- ARGV[13]  and on, four for each operation: kind, key or queue, value or number or message, '1' for unless_present
--
-- Returns { 'updated', version, created, accessed, idle timeout or '-', results }, a result being { 1 if applied, value or
-- messages if any }; or { 'version_mismatch', version }, { 'operand', position of the operation, problem }, { 'limit',
-- which }; or { why not } as find() says.

local if_version, new_secret_hash, new_csrf, new_idle, new_subject = unpack(ARGV, 5, 9)
local max_bytes, max_keys, max_messages = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local first_operation = 13

-- The same rule as exceededLimit() in session/content.ts: only growth is refused.
local function exceeded_limit(before, content, bytes)
  if content.data.size > math.max(max_keys, before.keys) then
    return 'maxKeys'
  end
  for queue, messages in pairs(content.flash.values) do
    if #messages > math.max(max_messages, before.messages[queue] or 0) then
      return 'maxFlashMessages'
    end
  end
  if bytes > math.max(max_bytes, before.bytes) then
    return 'maxSessionBytes'
  end
end

local function updated(header, results)
  return {
    'updated',
    integer(header.version),
    integer(header.created),
    integer(header.accessed),
    header.idle and integer(header.idle) or '-',
    results,
  }
end

local header, record = find()
if not header then
  return { record }
end
if if_version ~= '' and tonumber(if_version) ~= header.version then
  return { 'version_mismatch', integer(header.version) }
end

local content, before = parse(record, header.body_at)
if not content then
  return { 'damaged' }
end
local results = {}
local changed = new_secret_hash ~= '' or new_csrf ~= '' or new_idle ~= '' or new_subject ~= ''
for at = first_operation, #ARGV, 4 do
  local kind, name, value, unless_present = unpack(ARGV, at, at + 3)
  local result, problem = operations[kind](content, name, value, unless_present == '1')
  if not result then
    return { 'operand', integer((at - first_operation) / 4), problem }
  end
  results[#results + 1] = result
  changed = changed or result[1] == 1
end
if not changed then
  touch(header)
  return updated(header, results)
end

if new_subject ~= '' then
  content.subject = string.sub(new_subject, 2)
end
local body, bytes = format(content)
local limit = exceeded_limit(before, content, bytes)
if limit then
  return { 'limit', limit }
end
if new_secret_hash ~= '' then
  header.secret_hash = new_secret_hash
end
if new_csrf ~= '' then
  header.csrf = new_csrf
end
if new_idle ~= '' then
  header.idle = tonumber(new_idle)
end
header.version = header.version + 1
header.accessed = now
store(header, body)
return updated(header, results)
