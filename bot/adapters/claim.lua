#!lua
-- A driver takes a run with a new fence, unless its driver lives.
-- KEYS: 1 run. ARGV: 1 skew_ms, 2 driver, 3 presumed_dead_after_ms, 4 '1' when its driver is proven dead.
-- Returns {'missing'|'busy'|'over'|'claimed', now_ms, fence, claims}.
local key = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local now_text = string.format('%.0f', now)
local state = redis.call('HGET', key, 'state')
if not state then
  return {'missing', now_text, 0, 0}
end
if state ~= 'queued' and state ~= 'running' then
  return {'over', now_text, 0, 0}
end
local owner = redis.call('HGET', key, 'owner') or ''
local beat = tonumber(redis.call('HGET', key, 'beat') or '0')
local alive = now - beat <= tonumber(ARGV[3]) and ARGV[4] ~= '1'
if owner ~= '' and owner ~= ARGV[2] and alive then
  return {'busy', now_text, 0, 0}
end
local fence = redis.call('HINCRBY', key, 'fence', 1)
local claims = redis.call('HINCRBY', key, 'claims', 1)
redis.call('HSET', key, 'owner', ARGV[2], 'beat', now_text)
return {'claimed', now_text, fence, claims}
