-- Ends a session if it meets all conditions, whatever its secret; or only says whether it does. A record that cannot be read meets none.
-- Allowed when Redis is full.
--
-- ARGV[4]  time in ms since 1970 before which it must have been created, or ''
-- ARGV[5]  time in ms since 1970 since which it must not have been used, or ''
-- ARGV[6]  fingerprint of the key that must have signed its token, or ''
-- ARGV[7]  '1' if a session of which no key is recorded meets that condition, else ''
-- ARGV[8]  '1' to end nothing, else ''
--
-- Returns { 'deleted', version, subject or '' }, { 'selected' } if nothing is to be ended, { 'kept' }, or { 'unknown_key' } if it meets the
--   other conditions and no key is recorded.
-- Errors: { 'not_found' }, { 'damaged' }, { 'newer_format' }, { 'foreign_type' }
--
-- @flags allow-oom
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/record.lua

local created_before, unused_since, signing_key = unpack(ARGV, 4, 6)
local includes_unknown, is_dry_run = ARGV[7] == '1', ARGV[8] == '1'

local header, record, problem = read_record()
if not header then
  return { problem }
end
local attributes = attributes_at(record, header.body_at)
if not attributes then
  return { 'damaged' }
end

if created_before ~= '' and tonumber(header.created) >= tonumber(created_before) then
  return { 'kept' }
end
if unused_since ~= '' then
  -- Until then, the session may have been used without a record of that.
  local unrecorded_until = header.accessed + touch_interval_of(tonumber(header.idle))
  if unrecorded_until > tonumber(unused_since) then
    return { 'kept' }
  end
end
if signing_key ~= '' then
  local known = attribute(attributes, 'signing_key')
  if known == '' and not includes_unknown then
    return { 'unknown_key' }
  end
  if known ~= '' and known ~= signing_key then
    return { 'kept' }
  end
end

if is_dry_run then
  return { 'selected' }
end
redis.call('UNLINK', key)
return { 'deleted', header.version, attribute(attributes, '') }
