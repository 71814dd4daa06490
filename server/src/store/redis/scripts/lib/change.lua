-- What update.lua and replace.lua have in common: all of a change but the mutations.
--
-- ARGV[4]  and on, up to the attributes: as update.lua has them
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/lease.lua
-- @include lib/previous_secret.lua
-- @include lib/record.lua

local if_version, new_secret_hash, new_csrf, new_idle = unpack(ARGV, 4, 7)
local indexed_subject, indexed_lifetime, fence, grace, attribute_count = unpack(ARGV, 8, 12)
local first_attribute = 13
local after_attributes = first_attribute + 2 * attribute_count

-- Returns the header and the record of the session; or nil twice, and what to answer when the change cannot be made to it.
local function find_to_change()
  local header, record, problem = find()
  if not header then
    return nil, nil, { problem }
  end
  -- A secret that was replaced cannot be used to replace the present one, or a thief could keep the session.
  if header.is_previous and new_secret_hash ~= '' then
    return nil, nil, { 'not_found' }
  end
  if if_version ~= '' and tonumber(if_version) ~= tonumber(header.version) then
    return nil, nil, { 'version_mismatch', header.version }
  end
  return header, record
end

-- Returns whether the change depends on a lease that does not last.
local function lacks_lease(attributes)
  local lease = lease_of(attributes)
  return fence ~= '' and not (is_held(lease) and lease.fence == fence)
end

-- Returns the attributes, and the position of the content; or nil twice, and what to answer when the change cannot be made.
local function attributes_to_change(header, record)
  local attributes, content_at = attributes_at(record, header.body_at)
  if not attributes then
    return nil, nil, { 'damaged' }
  end
  if lacks_lease(attributes) then
    return nil, nil, { 'lease_lost' }
  end
  return attributes, content_at
end

-- Returns whether anything but the content changes.
local function changes_terms()
  return new_secret_hash ~= '' or new_csrf ~= '' or new_idle ~= '' or after_attributes > first_attribute
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

-- Makes a header and attributes those of the next version, with all that changes but the content, and completes the reply. Returns what to
-- answer when that is not possible; or nil.
local function change_terms(header, attributes, reply)
  local old_subject = attribute(attributes, '')
  for at = first_attribute, after_attributes - 1, 2 do
    set_attribute(attributes, ARGV[at], ARGV[at + 1])
    local previous_hash = previous_secret(attributes)
    if ARGV[at] == '' and previous_hash then
      -- An attacker may have planted the previous secret before a login.
      set_previous_secret(attributes, previous_hash, 0)
    end
  end
  local subject = attribute(attributes, '')
  if new_secret_hash ~= '' then
    if grace == '' then
      set_attribute(attributes, 'previous', '')
    else
      set_previous_secret(attributes, header.secret_hash, now + grace)
    end
    header.secret_hash = new_secret_hash
    reply[5] = subject
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
  if subject ~= old_subject then
    reply[3], reply[4] = old_subject, ''
  end
  if subject ~= '' and (subject ~= old_subject or new_idle ~= '') then
    return unprepared(header, subject)
  end
end
