#!lua
-- Apply one decision whole or not at all; the line above has the server refuse it whole while it takes no writes.
-- KEYS: 1 meta, 2 audit. ARGV: 1 skew_ms, 2 JSON {guards, ops, audit}.
-- Returns {0, now_ms, audit_seq} or {number of the guard that did not hold, now_ms, what it found}.
local meta, audit = KEYS[1], KEYS[2]
local plan = cjson.decode(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])

local function holds(guard)
  local kind, key = guard[1], guard[2]
  if kind == 'equals' then
    local found = redis.call('HGET', key, guard[3]) or ''
    return found == guard[4], found
  elseif kind == 'absent' then
    local found = redis.call('GET', key)
    return not found, found or ''
  elseif kind == 'member' then
    return redis.call('ZSCORE', key, guard[3]) and true or false, ''
  elseif kind == 'score' then
    local found = redis.call('ZSCORE', key, guard[3])
    return found and tonumber(found) == tonumber(guard[4]), found or ''
  elseif kind == 'length' then
    local found = redis.call('XLEN', key)
    return found == tonumber(guard[3]), found
  elseif kind == 'before' then
    return now < tonumber(guard[2]), ''
  end
  error('unknown guard ' .. tostring(kind))
end

for number, guard in ipairs(plan.guards) do
  local ok, found = holds(guard)
  if not ok then
    return {number, string.format('%.0f', now), found}
  end
end

-- 'wk.live_as_long': a key whose owner is gone gets what is left of another key's life.
for _, op in ipairs(plan.ops) do
  if op[1] == 'wk.live_as_long' then
    local left = redis.call('PTTL', op[4])
    if left > 0 and redis.call('EXISTS', op[3]) == 0 then
      redis.call('PEXPIRE', op[2], left)
    end
  else
    redis.call(unpack(op))
  end
end

local seq = 0
for _, entry in ipairs(plan.audit) do
  seq = redis.call('HINCRBY', meta, 'audit_seq', 1)
  redis.call('XADD', audit, seq .. '-1', 'at', string.format('%.0f', now), 'e', entry)
end
return {0, string.format('%.0f', now), seq}
