-- A partition of the event log.
--
-- KEYS[1]  its events
-- KEYS[2]  the ends of its sessions
-- KEYS[3]  its sessions
--
-- @include lib/integer.lua

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function extend(key, milliseconds)
  if redis.call('PTTL', key) < milliseconds / 2 then
    redis.call('PEXPIRE', key, milliseconds)
  end
end

-- Keeps what is known of the sessions for so many ms from now, at least for half of it.
local function keep(milliseconds)
  extend(KEYS[2], milliseconds)
  extend(KEYS[3], milliseconds)
end

local function forget(handle)
  redis.call('ZREM', KEYS[2], handle)
  redis.call('HDEL', KEYS[3], handle)
end

-- Adds an event and removes those that are older than the retention. Returns its id.
local function add(retention, text)
  local id = redis.call('XADD', KEYS[1], 'MINID', '~', integer(now - retention), '*', 'event', text)
  extend(KEYS[1], retention * 2)
  return id
end
