-- Removes a session.
--
-- Returns { 'deleted' }, or { why not } as find() says.

local header, problem = find()
if not header then
  return { problem }
end
redis.call('UNLINK', key)
return { 'deleted' }
