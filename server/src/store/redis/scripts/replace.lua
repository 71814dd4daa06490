-- Applies a change whose mutations the sidecar has applied to the content that it has read, because Redis cannot; unless the content has
-- changed since. All of it or nothing.
--
-- ARGV[4]  and on, up to the attributes: as update.lua has them; then five: what the record's base_of() must be; format of the new
--          record, or '' to leave the content as it is, when nothing changes; CSRF token or, in format 2, id of the key; the content's
--          entries; '1' when something changes, or '' to write the content anew as it is
--
-- Returns what update.lua does, without results.
-- Errors: { 'not_found' }, { 'replaced' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }, { 'version_mismatch', version },
--   { 'lease_lost' }, { 'stale', record } when it has another content, { 'unprepared', … } as in update.lua
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/change.lua
-- @include lib/record.lua
-- @include lib/subject.lua
-- @include lib/touch.lua

local base, new_format, new_csrf_or_key, new_content, changed = unpack(ARGV, after_attributes, after_attributes + 4)

-- Identifies a version and its content, as baseOf() in session-rewriter.ts does. The version alone does not: after a failover, a version that
-- was lost may be followed by another one with the same number. An encrypted content begins with a random nonce.
local function base_of(header, record, content_at)
  local content = string.sub(record, content_at, header.format == '2' and content_at + 63 or -1)
  return header.version .. ' ' .. header.csrf .. ' ' .. redis.sha1hex(content)
end

local header, record, refusal = find_to_change()
if not header then
  return refusal
end
local attributes, content_at, obstacle = attributes_to_change(header, record)
if not attributes then
  return obstacle
end
if base_of(header, record, content_at) ~= base then
  return { 'stale', record }
end

local reply = { 'updated', '', '', due_subject(header, attributes), '' }
if new_format == '' then
  if not touch(header, record) then
    reply[4] = ''
  end
  reply[2] = reply_of(header)
  return reply
end
if changed == '1' then
  obstacle = change_terms(header, attributes, reply)
  if obstacle then
    return obstacle
  end
else
  header.accessed = now_text
end
header.format, header.csrf = new_format, new_csrf_or_key
write(header, attributes_text(attributes) .. new_content)
reply[2] = reply_of(header)
return reply
