-- What wrk says of a page under load, in one line: requests, microseconds, median and 99th percentile in microseconds,
-- answers other than 200, failures of the connection.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  refused = 0
end

function response(status)
  if status ~= 200 then refused = refused + 1 end
end

function done(summary, latency)
  local others = 0
  for _, thread in ipairs(threads) do others = others + thread:get("refused") end
  local errors = summary.errors
  io.write(string.format("measured %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), others, errors.connect + errors.read + errors.write + errors.timeout))
end
