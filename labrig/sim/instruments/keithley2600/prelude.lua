-- Tables of a Series 2600B as scripts see them (reference manual, section 7). `host` is the instrument.
local host, raise, yield = host, error, coroutine.yield
local objects = {}

local function fail(number, text) raise({number = number, text = text}, 0) end

local function wait(seconds) if seconds > 0 then yield(seconds) end end

-- A table whose attributes the instrument keeps; what it does not know is an error, as on the instrument.
local function attributes(prefix, get, put, methods, constants, children)
  local proxy = {}
  setmetatable(proxy, {
    __index = function(_, key)
      if methods and methods[key] ~= nil then return methods[key] end
      if children and children[key] ~= nil then return children[key] end
      if constants and constants[key] ~= nil then return constants[key] end
      local value = get(prefix .. key)
      return value
    end,
    __newindex = function(_, key, value)
      if (methods and methods[key] ~= nil) or (constants and constants[key] ~= nil) then
        fail(-286, "TSP Runtime error: attempt to write a read-only attribute " .. tostring(key))
      end
      if type(value) == "boolean" then value = value and 1 or 0 end
      if type(value) ~= "number" then fail(1107, "Cannot convert a value to a number") end
      put(prefix .. key, value)
    end,
  })
  return proxy
end

-- Reading buffers.
local buffer_lists = {readings = true, sourcevalues = true, timestamps = true, statuses = true, measureranges = true}

local function clear(buffer)
  local about = objects[buffer]
  for name in pairs(about.lists) do
    for k in pairs(about.lists[name]) do about.lists[name][k] = nil end
  end
  about.n = 0
end

local function new_buffer(capacity)
  local lists = {readings = {}, sourcevalues = {}, timestamps = {}, statuses = {}, measureranges = {}}
  local settings = {appendmode = 0, collectsourcevalues = 0, collecttimestamps = 0, cachemode = 1, fillmode = 0,
                    fillcount = 0, timestampresolution = 1e-6}
  local about = {lists = lists, n = 0, capacity = capacity, settings = settings, base = 0}
  local proxy = {}
  objects[proxy] = about
  setmetatable(proxy, {
    __index = function(_, key)
      if type(key) == "number" then return lists.readings[key] end
      if buffer_lists[key] then return lists[key] end
      if key == "clear" then return function() clear(proxy) end end
      if key == "clearcache" then return function() end end
      if key == "n" then return about.n end
      if key == "capacity" then return about.capacity end
      if key == "basetimestamp" then return about.base end
      if settings[key] ~= nil then return settings[key] end
      fail(-286, "TSP Runtime error: a buffer has no attribute " .. tostring(key))
    end,
    __newindex = function(_, key, value)
      if settings[key] == nil then fail(-286, "TSP Runtime error: a buffer has no attribute " .. tostring(key)) end
      if key ~= "appendmode" and about.n > 0 and key ~= "cachemode" then
        fail(-221, "Settings conflict")
      end
      settings[key] = value
    end,
  })
  return proxy
end

local function store(buffer, value, sample, when)
  local about = objects[buffer]
  if about == nil then fail(1107, "Cannot use this as a reading buffer") end
  if about.n >= about.capacity then fail(5024, "Reading buffer full") end
  if about.n == 0 then about.base = when end
  about.n = about.n + 1
  local k, lists = about.n, about.lists
  lists.readings[k] = value
  lists.statuses[k] = sample.status
  lists.measureranges[k] = sample.range
  if about.settings.collectsourcevalues ~= 0 then lists.sourcevalues[k] = sample.level end
  if about.settings.collecttimestamps ~= 0 then lists.timestamps[k] = when - about.base end
end

local function begin(buffer)
  if buffer ~= nil and objects[buffer] ~= nil and objects[buffer].settings.appendmode == 0 then clear(buffer) end
end

-- Measurements: each takes its time, and what it takes it from is the circuit at its end.
local values = {
  i = function(s) return s.amperes end,
  v = function(s) return s.volts end,
  r = function(s) return s.amperes ~= 0 and s.volts / s.amperes or 9.91e37 end,
  p = function(s) return s.volts * s.amperes end,
}

local function measured(channel, quantity, quantities)
  wait(host.reading_time(channel) * quantities)
  return host.sample(channel, quantity)
end

local function measure_function(channel, quantity, smu)
  return function(buffer)
    begin(buffer)
    local reading
    for _ = 1, smu.measure.count do
      local sample = measured(channel, quantity, quantity == "r" and 2 or 1)
      reading = values[quantity](sample)
      if buffer ~= nil then store(buffer, reading, sample, host.now()) end
    end
    return reading
  end
end

local function iv_function(channel, smu)
  return function(ibuffer, vbuffer)
    begin(ibuffer)
    begin(vbuffer)
    local i, v
    for _ = 1, smu.measure.count do
      local sample = measured(channel, "i", 2)
      i, v = sample.amperes, sample.volts
      if ibuffer ~= nil then store(ibuffer, i, sample, host.now()) end
      if vbuffer ~= nil then store(vbuffer, v, sample, host.now()) end
    end
    return i, v
  end
end

-- The trigger model, as far as sweeps go: source, delay, measure, point by point. It runs when it is waited for.
local pending = {}

local function new_trigger(channel, smu)
  local plan = {levels = nil, suffix = nil, measure = nil, buffers = {}}
  local state = {count = 1, arm = 1, source_action = 0, measure_action = 0, endpulse = 1, endsweep = 0,
                 autoclear = 0, stimulus = 0, measure_stimulus = 0, source_stimulus = 0, endpulse_stimulus = 0,
                 arm_stimulus = 0, limiti = nil, limitv = nil}
  local function fields(names, methods, children)
    return attributes("", function(key)
      if names[key] == nil then fail(-286, "TSP Runtime error: the trigger model has no attribute " .. key) end
      return state[names[key]]
    end, function(key, value)
      if names[key] == nil then fail(-286, "TSP Runtime error: the trigger model has no attribute " .. key) end
      state[names[key]] = value
    end, methods, {EVENT_ID = 1, SWEEPING_EVENT_ID = channel * 100 + 1, ARMED_EVENT_ID = channel * 100 + 2,
                   SOURCE_COMPLETE_EVENT_ID = channel * 100 + 3, MEASURE_COMPLETE_EVENT_ID = channel * 100 + 4,
                   PULSE_COMPLETE_EVENT_ID = channel * 100 + 5, SWEEP_COMPLETE_EVENT_ID = channel * 100 + 6,
                   IDLE_EVENT_ID = channel * 100 + 7}, children)
  end
  local function linear(suffix) return function(start, stop, points)
    plan.levels, plan.suffix = {}, suffix
    for k = 1, points do plan.levels[k] = points > 1 and start + (stop - start) * (k - 1) / (points - 1) or start end
  end end
  local function logarithmic(suffix) return function(start, stop, points, asymptote)
    local zero = asymptote or 0
    if (start - zero) * (stop - zero) <= 0 then fail(-221, "Settings conflict") end
    plan.levels, plan.suffix = {}, suffix
    for k = 1, points do
      local ratio = points > 1 and ((stop - zero) / (start - zero)) ^ ((k - 1) / (points - 1)) or 1
      plan.levels[k] = zero + (start - zero) * ratio
    end
  end end
  local function list(suffix) return function(levels)
    plan.levels, plan.suffix = {}, suffix
    for k = 1, table.getn(levels) do plan.levels[k] = levels[k] end
  end end
  local function measuring(quantity) return function(first, second)
    plan.measure, plan.buffers = quantity, {first, second}
  end end
  local function run()
    local original = plan.suffix and smu.source["level" .. plan.suffix]
    for _, buffer in pairs(plan.buffers) do begin(buffer) end
    for _ = 1, state.arm do
      for k = 1, state.count do
        if state.source_action ~= 0 and plan.levels ~= nil then
          smu.source["level" .. plan.suffix] = plan.levels[math.mod(k - 1, table.getn(plan.levels)) + 1]
        end
        if state.measure_action ~= 0 and plan.measure ~= nil then
          local sample = measured(channel, plan.measure == "iv" and "i" or plan.measure, plan.measure == "iv" and 2 or 1)
          local when = host.now()
          if plan.measure == "iv" then
            if plan.buffers[1] ~= nil then store(plan.buffers[1], sample.amperes, sample, when) end
            if plan.buffers[2] ~= nil then store(plan.buffers[2], sample.volts, sample, when) end
          elseif plan.buffers[1] ~= nil then
            store(plan.buffers[1], values[plan.measure](sample), sample, when)
          end
        else
          wait(1e-4 + math.max(0, smu.source.delay))
        end
        if state.endpulse == 0 and plan.suffix then smu.source["level" .. plan.suffix] = original end
      end
    end
    if state.endsweep == 0 and plan.suffix then smu.source["level" .. plan.suffix] = original end
  end
  local source = fields({action = "source_action", stimulus = "source_stimulus", limiti = "limiti", limitv = "limitv"}, {
    linearv = linear("v"), lineari = linear("i"), logv = logarithmic("v"), logi = logarithmic("i"),
    listv = list("v"), listi = list("i"), set = function() end})
  local measure = fields({action = "measure_action", stimulus = "measure_stimulus"}, {
    i = measuring("i"), v = measuring("v"), r = measuring("r"), p = measuring("p"), iv = measuring("iv"),
    set = function() end})
  local trigger = fields({count = "count", autoclear = "autoclear"}, {
    initiate = function()
      if smu.source.output ~= 1 then fail(5007, "Operation cannot be performed with output off") end
      local job = coroutine.create(run)
      pending[job] = true
    end,
  }, {source = source, measure = measure, arm = fields({count = "arm", stimulus = "arm_stimulus"}),
      endpulse = fields({action = "endpulse", stimulus = "endpulse_stimulus"}),
      endsweep = fields({action = "endsweep"})})
  return trigger
end

local function run_pending()
  local again = true
  while again do
    again = false
    for job in pairs(pending) do
      local fine, seconds = coroutine.resume(job)
      if not fine then pending[job] = nil; raise(seconds, 0) end
      if coroutine.status(job) == "dead" then pending[job] = nil else again = true; yield(seconds) end
    end
  end
end

function waitcomplete() run_pending() end
local running = nil
host.begin = function(chunk) running = coroutine.create(chunk) end
host.step = function()
  local fine, value = coroutine.resume(running)
  return fine, value, coroutine.status(running) == "dead"
end
host.finish_pending = run_pending
host.has_pending = function() return next(pending) ~= nil end
host.drop_pending = function() pending = {} end

-- Channels.
local constants = {
  OUTPUT_DCAMPS = 0, OUTPUT_DCVOLTS = 1, OUTPUT_OFF = 0, OUTPUT_ON = 1, OUTPUT_HIGH_Z = 2, OUTPUT_NORMAL = 0,
  OUTPUT_ZERO = 1, SENSE_LOCAL = 0, SENSE_REMOTE = 1, SENSE_CALA = 3, AUTORANGE_OFF = 0, AUTORANGE_ON = 1,
  AUTORANGE_FOLLOW_LIMIT = 2, AUTOZERO_OFF = 0, AUTOZERO_ONCE = 1, AUTOZERO_AUTO = 2, DISABLE = 0, ENABLE = 1,
  SOURCE_IDLE = 0, SOURCE_HOLD = 1, DELAY_OFF = 0, DELAY_AUTO = -1, SETTLE_FAST_RANGE = 0, SETTLE_SMOOTH = 0,
  ASYNC = 2, FILTER_MOVING_AVG = 0, FILTER_REPEAT_AVG = 1, FILTER_MEDIAN = 2, FILTER_OFF = 0, FILTER_ON = 1,
}

local function new_smu(channel)
  local function get(key) return host.get(channel, key) end
  local function put(key, value) host.put(channel, key, value) end
  local smu
  local measure_methods = {}
  local source = attributes("source.", function(key)
    local value = get(key)
    if key == "source.compliance" then return value ~= 0 end
    return value
  end, put)
  local measure = attributes("measure.", get, put, measure_methods)
  local children = {source = source, measure = measure, nvbuffer1 = new_buffer(140000), nvbuffer2 = new_buffer(140000)}
  local methods = {
    reset = function() host.reset(channel) end,
    abort = function() pending = {} end,
    makebuffer = function(capacity) return new_buffer(capacity) end,
    measureivandstep = function(level)
      local i, v = measure_methods.iv()
      if source.func == 1 then source.levelv = level else source.leveli = level end
      return i, v
    end,
    measureiandstep = function(level)
      local i = measure_methods.i()
      if source.func == 1 then source.levelv = level else source.leveli = level end
      return i
    end,
    savebuffer = function() fail(-286, "TSP Runtime error: buffers are not saved in simulation") end,
  }
  smu = attributes("", get, put, methods, constants, children)
  for quantity in pairs(values) do measure_methods[quantity] = measure_function(channel, quantity, smu) end
  measure_methods.iv = iv_function(channel, smu)
  for _, quantity in pairs({"i", "v", "r", "p"}) do
    measure_methods["overlapped" .. quantity] = function(buffer)
      pending[coroutine.create(function() measure_methods[quantity](buffer) end)] = true
    end
  end
  measure_methods.overlappediv = function(ibuffer, vbuffer)
    pending[coroutine.create(function() measure_methods.iv(ibuffer, vbuffer) end)] = true
  end
  children.trigger = new_trigger(channel, smu)
  children.cal = nil
  return smu
end

smua = new_smu(1)
if host.channels > 1 then smub = new_smu(2) end

-- The factory scripts for sweeps (section 3, sweep operation).
local function sweep(smu, suffix, levels, stime, quantity)
  smu.nvbuffer1.clear()
  smu.nvbuffer1.appendmode = 1
  smu.nvbuffer1.collecttimestamps = 1
  smu.nvbuffer1.collectsourcevalues = 1
  smu.source.func = suffix == "v" and 1 or 0
  smu.source["level" .. suffix] = levels[1]
  smu.source.output = 1
  for k = 1, table.getn(levels) do
    smu.source["level" .. suffix] = levels[k]
    wait(stime)
    smu.measure[quantity](smu.nvbuffer1)
  end
  smu.source.output = 0
end

local function spaced(start, stop, points, logarithmic)
  local levels = {}
  for k = 1, points do
    local part = points > 1 and (k - 1) / (points - 1) or 0
    levels[k] = logarithmic and start * (stop / start) ^ part or start + (stop - start) * part
  end
  return levels
end

function SweepVLinMeasureI(smu, start, stop, stime, points) sweep(smu, "v", spaced(start, stop, points), stime, "i") end
function SweepILinMeasureV(smu, start, stop, stime, points) sweep(smu, "i", spaced(start, stop, points), stime, "v") end
function SweepVLogMeasureI(smu, start, stop, stime, points) sweep(smu, "v", spaced(start, stop, points, true), stime, "i") end
function SweepILogMeasureV(smu, start, stop, stime, points) sweep(smu, "i", spaced(start, stop, points, true), stime, "v") end
function SweepVListMeasureI(smu, levels, stime) sweep(smu, "v", levels, stime, "i") end
function SweepIListMeasureV(smu, levels, stime) sweep(smu, "i", levels, stime, "v") end

-- Output of text and numbers.
format = attributes("", host.get_format, host.put_format, nil, {
  ASCII = 1, SREAL = 2, REAL32 = 2, REAL = 3, REAL64 = 3, DREAL = 3, NORMAL = 0, NETWORK = 0, BIGENDIAN = 0,
  SWAPPED = 1, LITTLEENDIAN = 1})

function print(...)
  local texts = {}
  for k = 1, select("#", ...) do
    local value = select(k, ...)
    texts[k] = type(value) == "number" and host.number(value) or tostring(value)
  end
  host.say(table.concat(texts, "\t"))
end

function printnumber(...) host.numbers({...}, select("#", ...)) end

function printbuffer(first, last, ...)
  local columns, found = {...}, {}
  for k = first, last do
    for c = 1, table.getn(columns) do
      local column = columns[c]
      local about = objects[column]
      local list = about and about.lists.readings or column
      if list[k] == nil then fail(1108, "Parameter out of range: the buffer ends before " .. tostring(k)) end
      found[table.getn(found) + 1] = list[k]
    end
  end
  host.numbers(found, table.getn(found))
end

-- The rest of the instrument.
errorqueue = attributes("", function(key)
  if key == "count" then return host.error_count() end
  fail(-286, "TSP Runtime error: errorqueue has no attribute " .. key)
end, function(key) fail(-286, "TSP Runtime error: errorqueue." .. key .. " is read-only") end,
  {next = function() local e = host.next_error(); return e.number, e.text, e.severity, 1 end,
   clear = function() host.clear_errors() end})

localnode = attributes("", host.get_localnode, host.put_localnode, {reset = function() reset() end},
  {DISABLE = 0, ENABLE = 1})
node = {localnode}

display = attributes("", host.get_display, host.put_display, {
  clear = function() host.show(1, ""); host.show(2, "") end,
  settext = function(text) host.show(1, tostring(text)) end,
  setcursor = function(row)
    if row ~= 1 and row ~= 2 then fail(1108, "Parameter out of range") end
  end,
  gettext = function() return host.shown() end,
  sendkey = function(key) if type(key) ~= "number" then fail(1107, "Cannot convert a value to a number") end end,
}, {SMUA = 0, SMUB = 1, SMUA_SMUB = 2, USER = 3, MEASURE_DCAMPS = 0, MEASURE_DCVOLTS = 1, MEASURE_OHMS = 2,
    MEASURE_WATTS = 3, DIGITS_4_5 = 4, DIGITS_5_5 = 5, DIGITS_6_5 = 6, KEY_EXIT = 75}, {
  smua = {measure = {func = 0}, digits = 5, limit = {func = 0}},
  smub = {measure = {func = 0}, digits = 5, limit = {func = 0}}})

beeper = attributes("", host.get_beeper, host.put_beeper, {
  beep = function(duration, frequency)
    if type(duration) ~= "number" or type(frequency) ~= "number" then fail(-109, "Missing parameter") end
    wait(duration)
  end}, {ON = 1, OFF = 0})

-- Limits in force, channel by channel (section 7, status.measurement.instrument.smuX).
local VLMT, ILMT = 1, 2
local function limits(channel, smu)
  return attributes("", function(key)
    if key ~= "condition" then fail(-286, "TSP Runtime error: a status register has no " .. key) end
    if not smu.source.compliance then return 0 end
    return smu.source.func == 1 and ILMT or VLMT
  end, function(key) fail(-286, "TSP Runtime error: " .. key .. " is read-only") end)
end
local measurement = {instrument = {smua = limits(1, smua), smub = smub and limits(2, smub)}}

status = attributes("", function(key)
  if key == "condition" then return host.status_byte() end
  return host.get_status(key)
end, host.put_status, {reset = function() host.clear_status() end}, nil, {measurement = measurement})

timer = {reset = function() host.timer_reset() end,
         measure = attributes("", function(key)
           if key == "t" then return function() return host.timer() end end
           fail(-286, "TSP Runtime error: timer.measure has no " .. key)
         end, function(key) fail(-286, "TSP Runtime error: timer.measure." .. key .. " is read-only") end)}

function reset() host.reset_all() pending = {} end
function delay(seconds)
  if type(seconds) ~= "number" or seconds < 0 then fail(1102, "Parameter too small") end
  wait(seconds)
end
function opc() run_pending(); host.operation_complete() end
function gettimezone() return "0" end
local function bits(choose)
  return function(a, b)
    local found, weight = 0, 1
    while a > 0 or b > 0 do
      if choose(math.fmod(a, 2) == 1, math.fmod(b, 2) == 1) then found = found + weight end
      a, b, weight = math.floor(a / 2), math.floor(b / 2), weight * 2
    end
    return found
  end
end
bit = {bitand = bits(function(a, b) return a and b end), bitor = bits(function(a, b) return a or b end),
       test = function(a, k) return math.fmod(math.floor(a / 2 ^ (k - 1)), 2) == 1 end}

-- Lua 5.0 has what 5.1 renamed.
table.getn = table.getn or function(t) return #t end
math.mod = math.mod or math.fmod
script = {anonymous = nil, user = {scripts = {}}}
script.new = function(source, name)
  local chunk = host.compile(source, name or "anonymous")
  local made = setmetatable({name = name, source = source}, {__call = function() return chunk() end})
  made.run = function() return chunk() end
  made.save = function() fail(-286, "TSP Runtime error: scripts are not saved in simulation") end
  if name then _G[name] = made; script.user.scripts[name] = made end
  return made
end
script.run = function() return script.anonymous and script.anonymous() end
script.delete = function(name) script.user.scripts[name] = nil; _G[name] = nil end
for _, name in pairs({"io", "os", "dofile", "loadfile", "require", "module", "package", "debug", "jit", "ffi"}) do
  _G[name] = nil
end
