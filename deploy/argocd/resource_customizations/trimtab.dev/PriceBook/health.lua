-- Health of a PriceBook.
-- The status follows kstatus: observedGeneration on the status and on each condition, Ready, Stalled, Reconciling.
-- What each reason means: https://trimtab.dev/docs/gitops.md
local function health(status, message)
  return { status = status, message = message }
end

local generation = obj.metadata.generation
if obj.status == nil or obj.status.observedGeneration ~= generation then
  return health("Progressing", "Trimtab has not read this generation yet")
end

local found = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  local kind = condition.type
  if kind == "Ready" or kind == "Stalled" or kind == "Reconciling" then
    if condition.observedGeneration ~= nil and condition.observedGeneration ~= generation then
      return health("Progressing", "condition " .. kind .. " is of an earlier generation")
    end
    found[kind] = condition
  end
end

local function holds(kind)
  return found[kind] ~= nil and found[kind].status == "True"
end

local ready = found.Ready or {}
local message = "there is no condition Ready yet"
local told = found.Ready or found.Stalled
if told ~= nil then
  message = (told.reason or "") .. ": " .. (told.message or "")
end

-- InvalidEntry: the whole book is not used until its spec is corrected.
if holds("Stalled") then
  return health("Degraded", message)
end
if ready.status == "True" and not holds("Reconciling") then
  return health("Healthy", message)
end
return health("Progressing", message)
