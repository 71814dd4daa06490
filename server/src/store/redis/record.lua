-- What every script starts with, after the settings that scripts.ts writes in front: the record in and out of its text. The
-- text is one header line and one line per entry; docs/storage.md describes it, record-codec.ts reads and writes the same.
--
-- KEYS[1]  the session's key
-- ARGV[1]  SHA-256 of the secret, base64url: unlocks the session
-- ARGV[2]  last time, in ms since 1970, at which the caller waits: later, nothing is done
--
-- Returns { 'late', time } when it is later.

local key = KEYS[1]
local secret_hash = ARGV[1]

local function integer(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local now_text = integer(now)
if now > tonumber(ARGV[2]) then
  return { 'late', now_text }
end

-- The same rule as touchIntervalOf() in session/session.ts.
local function touch_interval_of(idle)
  if not idle then
    return touch_interval or 60000
  end
  if touch_interval then
    return math.min(touch_interval, idle)
  end
  return math.min(math.floor(idle / 10), 60000)
end

-- The same rule as expiryOf() in session/session.ts.
local function expiry_of(header)
  local ends = math.huge
  local idle = tonumber(header.idle)
  if idle then
    ends = header.accessed + idle + touch_interval_of(idle)
  end
  if max_lifetime then
    ends = math.min(ends, header.created + max_lifetime)
  end
  if ends ~= math.huge then
    return ends
  end
end

-- What begins a header after its format, and tells a caller what became of the session.
local function metadata_of(header)
  return header.version .. ' ' .. header.created .. ' ' .. header.accessed .. ' ' .. header.idle
end

-- As record-codec.ts has it. A time has 13 digits until the year 2286; a longer one than this is no time that clients can show.
local most_version_digits, most_time_digits, most_idle_digits = 15, 14, 12

-- Returns the record's header and its text, or nil and why not: 'not_found', 'damaged' or 'newer_format'. Numbers in a header
-- stay the texts that they are in the record, because most are only copied, and Lua adds texts as well.
local function find()
  local record = redis.call('GET', key)
  if not record then
    return nil, 'not_found'
  end
  local _, stop, version, created, accessed_at, accessed, idle, hash, csrf =
    string.find(record, '^1 ([1-9]%d*) ([1-9]%d*) ()([1-9]%d*) ([1-9-]%d*) ([%w_-]+) ([%w_-]+)\n')
  if
    not stop
    or #version > most_version_digits
    or #created > most_time_digits
    or #accessed > most_time_digits
    or #idle > most_idle_digits
    or not (idle == '-' or tonumber(idle) > 0)
  then
    local format = tonumber(string.match(record, '^([1-9]%d*) '))
    return nil, format and format > 1 and 'newer_format' or 'damaged'
  end
  local header = {
    version = version,
    created = created,
    accessed = accessed,
    accessed_at = accessed_at,
    idle = idle,
    secret_hash = hash,
    csrf = csrf,
    body_at = stop + 1,
  }
  local expires = expiry_of(header)
  if expires and now >= expires then
    redis.call('UNLINK', key)
    return nil, 'not_found'
  end
  if hash ~= secret_hash then
    return nil, 'not_found'
  end
  return header, record
end

local function expire(header)
  local expires = expiry_of(header)
  if expires and expires_by_ttl then
    redis.call('PEXPIREAT', key, integer(expires))
  else
    redis.call('PERSIST', key)
  end
end

-- Whether the key's TTL ends it before the record does: it was set when the settings were others.
local function ends_early(header)
  local ends = redis.call('PEXPIRETIME', key)
  return ends > 0 and ends < (expires_by_ttl and expiry_of(header) or math.huge)
end

-- Records the access if that is due. Returns whether it was; or nil, and changes nothing, when something is due and is_whole is
-- given and says that the record's body is damaged.
local function touch(header, record, is_whole)
  local is_due = now - header.accessed >= touch_interval_of(tonumber(header.idle))
  if not is_due and not ends_early(header) then
    return false
  end
  if is_whole and not is_whole() then
    return nil
  end
  if is_due and #header.accessed == #now_text then
    redis.call('SETRANGE', key, header.accessed_at - 1, now_text)
  elseif is_due then
    local before = string.sub(record, 1, header.accessed_at - 1)
    local after = string.sub(record, header.accessed_at + #header.accessed)
    redis.call('SET', key, before .. now_text .. after, 'KEEPTTL')
  end
  if is_due then
    header.accessed = now_text
  end
  expire(header)
  return is_due
end

-- Stores a whole record. Returns whether it did: with only_if_new, not over one that is there.
local function store(header, body, only_if_new)
  local line = '1 ' .. metadata_of(header) .. ' ' .. header.secret_hash .. ' ' .. header.csrf .. '\n'
  local command = { 'SET', key, line .. body }
  if only_if_new then
    command[#command + 1] = 'NX'
  end
  local expires = expiry_of(header)
  if expires and expires_by_ttl then
    command[#command + 1] = 'PXAT'
    command[#command + 1] = integer(expires)
  end
  return redis.call(unpack(command)) ~= false
end
