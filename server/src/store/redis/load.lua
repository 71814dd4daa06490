-- Reads a session and records the access when the touch interval has passed since the last one recorded.
--
-- Returns { 'found', record, time }, with 'touched' as a fourth element when the access was recorded, at that time; or { why
-- not } as find() says.

local header, record = find()
if not header then
  return { record }
end
local touched = touch(header, record, function()
  return parse(record, header.body_at)
end)
if touched == nil then
  return { 'damaged' }
end
if touched then
  return { 'found', record, now_text, 'touched' }
end
return { 'found', record, now_text }
