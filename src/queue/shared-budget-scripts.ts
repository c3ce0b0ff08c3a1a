/** Owns what Redis does for shared budgets, each in one step: the time is its own, so that no daemon's clock counts. */

/**
 * Takes the weight and answers 0, or answers how many ms later to ask again. As in the budget of one process: what weighs
 * more than a capacity waits for an empty window and counts for as many windows as it filled. Who was made to wait
 * stands in a line, or a heavy request would wait for ever on the light ones of others.
 *
 * KEYS: pause, line, then a sorted set per limit of `made:weight` by when it counts no more.
 * ARGV: weight, asker, longest wait to answer, grace, then capacity and window of each limit.
 */
export const TAKE = `
local STEPS_PER_WINDOW, ROUNDING, SHORTEST_WAIT = 1024, 1e-9, 10
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local weight, me, longest, grace = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local wait = math.max(0, redis.call('PTTL', KEYS[1]))

local line = redis.call('HGETALL', KEYS[2])
local before, since = {}, now
for i = 1, #line, 2 do
  local first, due = string.match(line[i + 1], '^(.-):(.-)$')
  first, due = tonumber(first), tonumber(due)
  -- Of the future: the clock was set back, and nobody knows who came first.
  if due + grace < now or first > now then redis.call('HDEL', KEYS[2], line[i])
  elseif line[i] == me then since = first
  else before[#before + 1] = { first = first, due = due } end
end
for _, other in ipairs(before) do
  if other.first < since then wait = math.max(wait, other.due - now, SHORTEST_WAIT) end
end

local windows = {}
for i = 3, #KEYS do
  local capacity, span = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', string.format('%.3f', now))
  local spent = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
  local window = { key = KEYS[i], capacity = capacity, span = span, at = now, entries = {}, last = nil }
  local used = 0
  for j = 1, #spent, 2 do
    local made, part = string.match(spent[j], '^(.-):(.-)$')
    local entry = { member = spent[j], made = tonumber(made), weight = tonumber(part), ends = tonumber(spent[j + 1]) }
    window.entries[#window.entries + 1] = entry
    if window.last == nil or entry.made > window.last.made then window.last = entry end
    used = used + entry.weight
  end
  if window.last and window.last.made > now then
    -- The clock was set back. Time stands still until it has caught up, but not for longer than a window.
    if window.last.made - now < span then window.at = window.last.made
    else
      redis.call('DEL', KEYS[i])
      window.entries, window.last, used = {}, nil, 0
    end
  end
  local over = used + math.min(weight, capacity) - capacity
  for _, entry in ipairs(window.entries) do
    if over <= ROUNDING then break end
    over = over - entry.weight
    wait = math.max(wait, entry.ends - window.at)
  end
  windows[#windows + 1] = window
end

if wait > 0 then
  wait = math.ceil(math.min(wait, longest))
  redis.call('HSET', KEYS[2], me, string.format('%.3f:%.3f', since, now + wait))
  redis.call('PEXPIRE', KEYS[2], math.ceil(longest + grace))
  return wait
end
redis.call('HDEL', KEYS[2], me)
if weight <= 0 then return 0 end
for _, window in ipairs(windows) do
  local part, made = weight, window.at
  local ends = made + window.span * math.max(1, weight / window.capacity)
  local last = window.last
  if last and made - last.made < window.span / STEPS_PER_WINDOW then
    -- Remembered as if all of it had left just now, so that a window is of about so many steps.
    redis.call('ZREM', window.key, last.member)
    part, made, ends = part + last.weight, last.made, math.max(ends, last.ends)
  end
  redis.call('ZADD', window.key, string.format('%.3f', ends), string.format('%.3f:%.17g', made, part))
  local latest = redis.call('ZRANGE', window.key, -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIRE', window.key, math.ceil(tonumber(latest) - now) + 1)
end
return 0
`

/** Lets nothing leave for so many ms, and does not shorten a longer wait. KEYS: pause. ARGV: ms. */
export const PAUSE = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '', 'PX', ARGV[1]) end
return 0
`
