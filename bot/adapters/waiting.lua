#!lua flags=allow-oom
-- Read what waits in an index, oldest first, each with fields of its hash; members without a hash are taken out.
-- KEYS: 1 index. ARGV: 1 how many, 2 what a hash's key starts with, 3.. fields; the first is there while the hash is.
-- Returns JSON [[member, score, field or false, ...], ...]: one string, because a client reads thousands of small
-- replies a hundred times slower. The hashes' keys carry the index's hash tag.
local index = KEYS[1]
local members = redis.call('ZRANGE', index, 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
local fields = {unpack(ARGV, 3)}
local rows = {}
for i = 1, #members, 2 do
  local values = redis.call('HMGET', ARGV[2] .. members[i], unpack(fields))
  if values[1] then
    local row = {members[i], members[i + 1]}
    for j, value in ipairs(values) do
      row[j + 2] = value
    end
    rows[#rows + 1] = row
  else
    redis.call('ZREM', index, members[i])
  end
end
if #rows == 0 then
  return '[]'
end
return cjson.encode(rows)
