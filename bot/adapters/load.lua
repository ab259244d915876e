-- Read hashes at one moment. KEYS: the hashes. ARGV: 1 skew_ms. Returns {now_ms, [field, value, ...], ...}.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local answer = {string.format('%.0f', now)}
for i, key in ipairs(KEYS) do
  answer[i + 1] = redis.call('HGETALL', key)
end
return answer
