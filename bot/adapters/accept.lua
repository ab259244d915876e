#!lua
-- Keep a webhook, unless each of its alerts equals the last one accepted.
-- KEYS: 1 alerts of the platform, 2 intake index, 3 entry, 4 numbers.
-- ARGV: 1 skew_ms, 2 entry id, 3 platform, 4 body, 5 group (JSON), 6 ttl_ms, 7 doorbell, 8 JSON [fingerprint, 'startsAt|status', ...].
-- Returns how many alerts differ. A whole group is looked up and written with one command each.
local prints, states = {}, {}
local reported = cjson.decode(ARGV[8])
for i = 1, #reported, 2 do
  prints[#prints + 1] = reported[i]
  states[#states + 1] = reported[i + 1]
end
if #prints == 0 then
  return 0
end
local known = redis.call('HMGET', KEYS[1], unpack(prints))
local changed, writes = {}, {}
local seq = nil
for i, state in ipairs(states) do
  local last = known[i]
  if not last or string.match(last, '^(.*)|%d+$') ~= state then
    seq = seq or redis.call('HINCRBY', KEYS[4], 'intake', 1)
    changed[#changed + 1] = prints[i]
    writes[#writes + 1] = prints[i]
    writes[#writes + 1] = state .. '|' .. seq
  end
end
if #changed == 0 then
  return 0
end
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], unpack(writes))
redis.call('HSET', KEYS[3], 'platform', ARGV[3], 'body', ARGV[4], 'group', ARGV[5],
  'changed', cjson.encode(changed), 'at', now)
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('ZADD', KEYS[2], now, ARGV[2])
redis.call('PUBLISH', ARGV[7], KEYS[2])
return #changed
