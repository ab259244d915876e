#!lua
-- Take or renew the publisher's lease. KEYS: 1 publisher. ARGV: 1 skew_ms, 2 holder, 3 life_ms. Returns the fence or 0.
-- A holder 'slot#life' follows another life of its own slot at once: one slot has one living process.
local key = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local holder = redis.call('HGET', key, 'holder') or ''
local till = tonumber(redis.call('HGET', key, 'until') or '0')

local function slot_of(name)
  return string.match(name, '^(.+)#')
end

local is_predecessor = slot_of(ARGV[2]) and slot_of(holder) == slot_of(ARGV[2])
if holder ~= '' and holder ~= ARGV[2] and till > now and not is_predecessor then
  return 0
end
local fence = tonumber(redis.call('HGET', key, 'fence') or '0')
if holder ~= ARGV[2] or till <= now then
  fence = redis.call('HINCRBY', key, 'fence', 1)
end
redis.call('HSET', key, 'holder', ARGV[2], 'until', string.format('%.0f', now + tonumber(ARGV[3])))
return fence
