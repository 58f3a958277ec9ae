-- Health of an AppliedSizes, which Trimtab writes and the API server reads when a pod is created. It has no status:
-- what is in it, is in force. Whether a workload's new pods get the size is told by its Recommendation.
-- https://trimtab.dev/docs/gitops.md
local count = 0
if obj.spec ~= nil and obj.spec.workloads ~= nil then
  for _ in pairs(obj.spec.workloads) do
    count = count + 1
  end
end
return { status = "Healthy", message = "workloads with a size in force for new pods: " .. count }
