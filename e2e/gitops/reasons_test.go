package gitops

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Reasons of Ready for which the rest of the conditions says enough, or which only ever stand in status.rollout and status.gates.
var elsewhere = []string{
	"Applied", "RollingOut", "Verifying", "RollingBack", "NoAnswer", "SizeNotDelivered",
	"TargetNotFound", "InvalidProposal",
	"ApprovalWithdrawn", "ProposalChanged", "TemplateChanged", "ChecksFailed", "ResizeInfeasible", "ResizeRefused",
	"DeliveryRefused", "PodsRefused", "PolicyDeleted", "Deleted",
}

func captured(pattern, text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// table is the set of reasons that a Lua script keeps under this name.
func table(t *testing.T, script, name string) []string {
	t.Helper()
	_, rest, found := strings.Cut(script, "local "+name+" = {")
	if !found {
		t.Fatalf("health.lua has no table %s", name)
	}
	body, _, _ := strings.Cut(rest, "}")
	return captured(`(\w+) = true`, body)
}

// TestReasons: the reasons in scripts and expressions are those that the controller and its gates use, none is forgotten, and
// both tools have the same.
func TestReasons(t *testing.T) {
	script := text(t, "deploy", "argocd", "resource_customizations", "trimtab.dev", "Recommendation", "health.lua")
	ended, waits, stuck := table(t, script, "ended"), table(t, script, "waits"), table(t, script, "stuck")
	_, constants, _ := strings.Cut(text(t, "operators", "api", "src", "conditions.rs"), "pub mod recommendation {")
	constants, _, _ = strings.Cut(constants, "\n}")
	used := captured(`pub const \w+: &str = "(\w+)";`, constants)
	if len(used) < 30 {
		t.Fatalf("only %d reasons were found in conditions.rs", len(used))
	}
	pausing := captured("(?m)^\\| `\\w+` ⏸ \\| `(\\w+)` \\|", text(t, "docs", "gates.md"))
	if len(pausing) < 10 {
		t.Fatalf("only %d gates that pause were found in docs/gates.md", len(pausing))
	}
	named := slices.Concat(ended, waits, stuck)
	for _, reason := range named {
		if !slices.Contains(used, reason) && !slices.Contains(pausing, reason) {
			t.Errorf("health.lua names %s, which no status shows", reason)
		}
		if slices.Contains(elsewhere, reason) {
			t.Errorf("%s is in health.lua", reason)
		}
	}
	for _, reason := range used {
		if !slices.Contains(named, reason) && !slices.Contains(elsewhere, reason) {
			t.Errorf("health.lua does not say what %s means for Argo CD", reason)
		}
	}
	for _, reason := range pausing {
		if !slices.Contains(waits, reason) {
			t.Errorf("a rollout can pause for %s, and health.lua does not name it", reason)
		}
	}
	for _, check := range checks(t) {
		if check.Kind != "Recommendation" {
			continue
		}
		quoted := `'([A-Z]\w+)'`
		types := []string{"Ready", "Reconciling", "Stalled", "True"}
		of := func(expression string) []string {
			return slices.DeleteFunc(captured(quoted, expression), func(word string) bool { return slices.Contains(types, word) })
		}
		if found, expect := of(check.Current), sorted(ended, waits); !slices.Equal(found, expect) {
			t.Errorf("current of Flux names\n%v, health.lua\n%v", found, expect)
		}
		if found, expect := of(check.Failed), sorted(ended, stuck); !slices.Equal(found, expect) {
			t.Errorf("failed of Flux names\n%v, health.lua\n%v", found, expect)
		}
	}
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
