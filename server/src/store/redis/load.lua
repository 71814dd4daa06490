-- Reads a session and records the access when the touch interval has passed since the last one recorded.
--
-- Returns { 'found', record }, with the time of access as a third element when it was recorded now; or { why not } as
-- find() says.

local header, record = find()
if not header then
  return { record }
end
if touch(header) then
  return { 'found', record, integer(now) }
end
return { 'found', record }
