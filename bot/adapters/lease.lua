#!lua
-- Take all locks of a plan for one run, or none. A platform's lock excludes its services' and the other way round.
-- KEYS: 1 locks. ARGV: 1 skew_ms, 2 run, 3 life_ms, 4.. targets in sorted order. Returns '' or the run that holds one.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local run, life = ARGV[2], tonumber(ARGV[3])

local function platform_of(target)
  return string.match(target, '^([^/]*)')
end

local kept = {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local target = held[i]
  local holder, till = string.match(held[i + 1], '^(.-)|(%d+)$')
  local expired = till ~= '0' and tonumber(till) <= now
  if expired then
    redis.call('HDEL', KEYS[1], target)
  elseif holder == run then
    kept[target] = till == '0'
  else
    for j = 4, #ARGV do
      local wanted = ARGV[j]
      local same_platform = platform_of(wanted) == platform_of(target)
      local one_is_platform = wanted == platform_of(wanted) or target == platform_of(target)
      if wanted == target or (same_platform and one_is_platform) then
        return holder
      end
    end
  end
end
for j = 4, #ARGV do
  -- A lock that the run keeps already is never made a lease again: that would lapse under the run.
  if not kept[ARGV[j]] then
    redis.call('HSET', KEYS[1], ARGV[j], run .. '|' .. string.format('%.0f', now + life))
  end
end
return ''
