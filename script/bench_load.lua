-- For wrk in script/bench: each request carries the cookie of the next session.
--
--     wrk ... -s script/bench_load.lua URL -- METHOD PATH FILE
--
-- FILE has one cookie on each line. The result is one line that script/bench_load.py reads.

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

-- The requests are written once, so that wrk leaves the processor to the servers.
function init(args)
   local headers = { ["Host"] = wrk.headers["Host"] }
   if args[1] == "POST" then
      -- As a form of the site itself, sent by a browser.
      headers["Content-Type"] = "application/x-www-form-urlencoded"
      headers["Sec-Fetch-Site"] = "same-origin"
   end
   requests = {}
   for cookie in io.lines(args[3]) do
      headers["Cookie"] = cookie
      requests[#requests + 1] = wrk.format(args[1], args[2], headers, args[1] == "POST" and "" or nil)
   end
   -- Two threads are half the sessions apart.
   at = math.floor(number * #requests / 2)
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency)
   local e = summary.errors
   local errors = e.connect + e.read + e.write + e.status + e.timeout
   local line = "requests %d microseconds %d bytes %d errors %d p50 %d p99 %d\n"
   io.write(line:format(summary.requests, summary.duration, summary.bytes, errors,
      latency:percentile(50), latency:percentile(99)))
end
