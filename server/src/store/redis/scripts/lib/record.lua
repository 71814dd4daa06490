-- The record of a session, in and out of its text: one header line, then one line per entry. docs/reference/storage.md describes it;
-- record-codec.ts reads and writes the same.
--
-- A header is a table of texts, because most of them are only copied, and Lua adds texts as well: format, version, created, accessed,
-- idle, secret_hash, csrf; and accessed_at and body_at, the positions in the record at which these parts begin. In format 2 the content
-- is encrypted, only a sidecar can read it, and csrf is the id of its key.
--
-- @include lib/attributes.lua
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/previous_secret.lua
-- @setting touch_interval
-- @setting max_lifetime
-- @setting expires_by_ttl

-- The same rule as touchIntervalOf() in session/session.ts, in ms.
local function touch_interval_of(idle)
  if not idle then
    return touch_interval or 60000
  end
  if touch_interval then
    return math.min(touch_interval, idle)
  end
  return math.min(math.floor(idle / 10), 60000)
end

-- The same rule as expiryOf() in session/session.ts: ms since 1970, or nil for never.
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

-- Whether the caller, whose keys have these ids, each between spaces, can read the content.
local function has_key(header, ids)
  return header.format ~= '2' or string.find(ids, ' ' .. header.csrf .. ' ', 1, true) ~= nil
end

-- The metadata in a header: what a header line begins with after its format.
local function metadata_of(header)
  return header.version .. ' ' .. header.created .. ' ' .. header.accessed .. ' ' .. header.idle
end

-- What a script returns of a session: its metadata, and whether the caller has the previous secret.
local function reply_of(header)
  return metadata_of(header) .. (header.is_previous and ' previous' or '')
end

-- The same limits as in record-codec.ts. Clients cannot represent a time with more digits; until the year 2286, times have 13.
local max_version_digits, max_time_digits, max_idle_digits = 15, 14, 12

-- Reads the record, whatever its secret, and removes it if it has expired. Returns its header and itself; or nil, the record if there
-- is one, and the problem: 'not_found', 'damaged', 'newer_format' or 'foreign_type'.
local function read_record()
  local record = redis.pcall('GET', key)
  if not record then
    return nil, nil, 'not_found'
  end
  if type(record) == 'table' then
    if string.find(record.err, '^WRONGTYPE') then
      return nil, nil, 'foreign_type'
    end
    error(record)
  end
  local _, stop, format, version, created, accessed_at, accessed, idle, hash, csrf =
    string.find(record, '^([12]) ([1-9]%d*) ([1-9]%d*) ()([1-9]%d*) ([1-9-]%d*) ([%w_-]+) ([%w_-]+)\n')
  if
    not stop
    or #version > max_version_digits
    or #created > max_time_digits
    or #accessed > max_time_digits
    or #idle > max_idle_digits
    or not (idle == '-' or tonumber(idle) > 0)
  then
    local other = tonumber(string.match(record, '^([1-9]%d*) '))
    return nil, record, other and other > 2 and 'newer_format' or 'damaged'
  end
  local header = {
    format = format,
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
    return nil, nil, 'not_found'
  end
  return header, record
end

-- Returns why a secret that is not the present one does not unlock the session: 'not_found', or 'replaced' if it was the previous one and
-- its grace is over; or nil during the grace.
local function problem_of_other_secret(header, record)
  local attributes = attributes_at(record, header.body_at)
  if not attributes then
    return 'not_found'
  end
  local hash, grace_ends = previous_secret(attributes)
  if hash ~= secret_hash then
    return 'not_found'
  end
  if now >= grace_ends then
    return 'replaced'
  end
end

-- Finds the session that the secret unlocks. Returns what read_record() does, with the problem 'replaced', too. header.is_previous is set
-- if the secret is the previous one.
local function find()
  local header, record, problem = read_record()
  if header and header.secret_hash ~= secret_hash then
    header.is_previous = true
    problem = problem_of_other_secret(header, record)
    if problem then
      return nil, nil, problem
    end
  end
  return header, record, problem
end

-- Has Redis go on tracking the key for the caller: it forgets a key that is written until that is read again, and does not
-- report the caller's own writes.
local function keep_tracked()
  if is_tracked then
    redis.call('PEXPIRETIME', key)
  end
end

-- Makes a header that of the next version. Returns false when there can be none.
local function advance(header)
  header.version = integer(header.version + 1)
  header.accessed = now_text
  return #header.version <= max_version_digits
end

-- Writes a whole record, unless the condition of SET, 'NX' or nil, does not hold. Returns whether it did.
local function write(header, body, condition)
  local head = header.format .. ' ' .. metadata_of(header) .. ' ' .. header.secret_hash .. ' ' .. header.csrf
  local record = head .. '\n' .. body
  local expires = expires_by_ttl and expiry_of(header)
  local options = expires and { 'PXAT', integer(expires), condition } or { condition }
  local is_written = redis.call('SET', key, record, unpack(options)) ~= false
  keep_tracked()
  return is_written
end
