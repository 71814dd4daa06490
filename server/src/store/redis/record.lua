-- What every script starts with: the arguments they share, and the record in and out of its text. The text is one
-- header line and one line per entry; docs/storage.md describes it, record-codec.ts reads and writes the same.
--
-- KEYS[1]  the session's key
-- ARGV[1]  SHA-256 of the secret, base64url: unlocks the session
-- ARGV[2]  touch interval in ms, or ''
-- ARGV[3]  maximum lifetime in ms, or ''
-- ARGV[4]  '1' to set a TTL on the key, '0' to leave expiry to the record (LRU mode)

local key = KEYS[1]
local secret_hash = ARGV[1]
local touch_interval, max_lifetime = tonumber(ARGV[2]), tonumber(ARGV[3])
local expires_by_ttl = ARGV[4] == '1'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function integer(number)
  return string.format('%.0f', number)
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
  if header.idle then
    ends = header.accessed + header.idle + touch_interval_of(header.idle)
  end
  if max_lifetime then
    ends = math.min(ends, header.created + max_lifetime)
  end
  if ends ~= math.huge then
    return ends
  end
end

-- Returns the record's header and its text, or nil and why not: 'not_found', 'damaged' or 'newer_format'.
local function find()
  local record = redis.call('GET', key)
  if not record then
    return nil, 'not_found'
  end
  local format = tonumber(string.match(record, '^(%d+) '))
  if format and format > 1 then
    return nil, 'newer_format'
  end
  local _, stop, version, created, accessed_at, accessed, idle, hash, csrf =
    string.find(record, '^1 (%d+) (%d+) ()(%d+) ([%d-]+) ([%w_-]+) ([%w_-]+)\n')
  if not stop or not (idle == '-' or tonumber(idle)) then
    return nil, 'damaged'
  end
  local header = {
    version = tonumber(version),
    created = tonumber(created),
    accessed = tonumber(accessed),
    accessed_at = accessed_at,
    idle = tonumber(idle),
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

-- Records the access if that is due. Returns whether it was.
local function touch(header)
  if now - header.accessed < touch_interval_of(header.idle) then
    if ends_early(header) then
      expire(header)
    end
    return false
  end
  header.accessed = now
  redis.call('SETRANGE', key, header.accessed_at - 1, integer(now))
  expire(header)
  return true
end

-- Stores a whole record. Returns whether it did: with only_if_new, not over one that is there.
local function store(header, body, only_if_new)
  local line = string.format(
    '1 %s %s %s %s %s %s\n',
    integer(header.version),
    integer(header.created),
    integer(header.accessed),
    header.idle and integer(header.idle) or '-',
    header.secret_hash,
    header.csrf
  )
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
