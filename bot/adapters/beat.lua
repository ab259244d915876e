#!lua
-- A driver says that it lives. KEYS: 1 run. ARGV: 1 skew_ms, 2 fence. Returns {'lost'} or {'held', cancel, pause}.
local key = KEYS[1]
if redis.call('HGET', key, 'fence') ~= ARGV[2] then
  return {'lost'}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
redis.call('HSET', key, 'beat', string.format('%.0f', now))
return {'held', redis.call('HGET', key, 'cancel') or '', redis.call('HGET', key, 'pause') or ''}
