-- What a use of a session that changes nothing may still have to write.
--
-- @include lib/call.lua
-- @include lib/integer.lua
-- @include lib/record.lua
-- @setting expires_by_ttl

-- Records the access if the touch interval has passed. Returns whether it did; or nil, and changes nothing, when something is to
-- be written and is_whole, if given, returns false: the record's body is damaged.
local function touch(header, record, is_whole)
  local is_due = now - header.accessed >= touch_interval_of(tonumber(header.idle))
  if not is_due then
    -- The key's TTL may end before the session expires, because it was set under other settings.
    local ends = redis.call('PEXPIRETIME', key)
    if ends < 0 or ends >= (expires_by_ttl and expiry_of(header) or math.huge) then
      return false
    end
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
  local expires = expires_by_ttl and expiry_of(header)
  if expires then
    redis.call('PEXPIREAT', key, integer(expires))
  else
    redis.call('PERSIST', key)
  end
  keep_tracked()
  return is_due
end
