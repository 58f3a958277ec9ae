-- Health of a Recommendation.
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

-- An end is a fact and no fault, also where it carries Stalled. A Degraded resource keeps its application Degraded, and
-- fails each sync that has further waves, until somebody edits Git; but after an undo the workload runs as it did before,
-- and whoever rejected a proposal wants no alarm about that. The alert TrimtabChangeUndone reports an undo, once.
local ended = { RolledBack = true, Rejected = true, Superseded = true }

-- Waits for a person, a gate or something outside; what opens it is in the message. Nothing is wrong with the object.
local waits = {
  PendingApproval = true,
  Blocked = true,
  Paused = true,
  Halted = true,
  EmergencyStopUnknown = true,
  ApprovalGuardMissing = true,
  ApprovalGuardOutdated = true,
  ApprovalNotProven = true,
  PolicySuspended = true,
  PolicyNotFound = true,
  PolicyInvalid = true,
  OptedOut = true,
  RecommendOnly = true,
  InvalidAnnotation = true,
  ChecksInconclusive = true,
  PodsDiffer = true,
  NoPods = true,
  NoDisruptionBudget = true,
}

-- Under way and stuck between two sizes until a person acts.
local stuck = { UndoBlocked = true, Forbidden = true, WriteRefused = true, RolloutUnreadable = true }

local reason = ready.reason or ""
-- SizeNotDelivered: the size is in force, and new pods do not get it. Reasons of later versions are no end that is known.
if (holds("Stalled") and not ended[found.Stalled.reason or ""]) or stuck[reason] then
  return health("Degraded", message)
end
if waits[reason] then
  return health("Suspended", message)
end
if ended[reason] or (ready.status == "True" and not holds("Reconciling")) then
  return health("Healthy", message)
end
-- RollingOut, Verifying, RollingBack, NoAnswer, and what a later version calls otherwise.
return health("Progressing", message)
