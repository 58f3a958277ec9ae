package gitops

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/health"
	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling/engine"
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The kinds of Trimtab.
var kinds = []string{"AppliedSizes", "OptimizationPolicy", "PriceBook", "Recommendation", "UsageProfile"}

// overrides is what Argo CD reads from the patched ConfigMap.
func overrides(t *testing.T) lua.ResourceHealthOverrides {
	t.Helper()
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.UnmarshalStrict([]byte(dataOnly(t)), &configMap); err != nil {
		t.Fatal(err)
	}
	found := lua.ResourceHealthOverrides{}
	for name, script := range configMap.Data {
		kind, ok := strings.CutPrefix(name, "resource.customizations.health.")
		if !ok {
			t.Fatalf("argocd-cm-patch.yaml has the key %s, which is no health check", name)
		}
		found[strings.Replace(kind, "_", "/", 1)] = appv1.ResourceOverride{HealthLua: script}
	}
	for _, kind := range kinds {
		if found["trimtab.dev/"+kind].HealthLua == "" {
			t.Errorf("argocd-cm-patch.yaml has no health check of %s", kind)
		}
	}
	if len(found) != len(kinds) {
		t.Errorf("argocd-cm-patch.yaml has %d health checks", len(found))
	}
	return found
}

func dataOnly(t *testing.T) string {
	t.Helper()
	_, data, found := strings.Cut(text(t, "deploy", "argocd", "argocd-cm-patch.yaml"), "\ndata:\n")
	if !found {
		t.Fatal("argocd-cm-patch.yaml has no data")
	}
	return "data:\n" + data
}

// checks are the expressions of a Flux Kustomization.
func checks(t *testing.T) []kustomize.CustomHealthCheck {
	t.Helper()
	var found kustomizev1.Kustomization
	if err := yaml.UnmarshalStrict([]byte(text(t, "deploy", "flux", "health.yaml")), &found); err != nil {
		t.Fatal(err)
	}
	return found.Spec.HealthCheckExprs
}

// reader is what Flux's kustomize-controller makes of these expressions.
func reader(t *testing.T) engine.StatusReader {
	t.Helper()
	of, err := cel.NewStatusReader(checks(t))
	if err != nil {
		t.Fatal(err)
	}
	return of(nil)
}

var expected = regexp.MustCompile(`(?m)^# expect: argocd=(\w+) flux=(\w+) kstatus=(\w+)$`)
var message = regexp.MustCompile(`(?m)^# expect: message=(.*)$`)

// kstatusOf is the status that Flux computes without expressions.
func kstatusOf(object *unstructured.Unstructured) string {
	result, err := status.Compute(object.DeepCopy())
	if err != nil {
		return status.UnknownStatus.String()
	}
	return result.Status.String()
}

// TestHealth compares what Argo CD, Flux with expressions and Flux without say about each object with its comment.
func TestHealth(t *testing.T) {
	argocd, flux := overrides(t), reader(t)
	files := glob(t, filepath.Join("testdata", "objects", "*.yaml"))
	if len(files) < 40 {
		t.Fatalf("only %d objects", len(files))
	}
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			comment, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			expect := expected.FindStringSubmatch(string(comment))
			if expect == nil {
				t.Fatal("it has no line that begins with `# expect: argocd=`")
			}
			object := objects(t, file)[0]
			found, err := health.GetResourceHealth(object.DeepCopy(), argocd)
			if err != nil {
				t.Fatalf("Argo CD: %v", err)
			}
			if string(found.Status) != expect[1] {
				t.Errorf("Argo CD says %s, expected %s: %s", found.Status, expect[1], found.Message)
			}
			if text := message.FindStringSubmatch(string(comment)); text != nil && text[1] != found.Message {
				t.Errorf("Argo CD says\n%q, expected\n%q", found.Message, text[1])
			}
			if found.Message == "" {
				t.Error("Argo CD says nothing of it")
			}
			// An error in an expression is the status Unknown, for which Flux waits.
			read, err := flux.ReadStatusForObject(context.Background(), nil, object.DeepCopy())
			if err != nil {
				t.Fatalf("Flux: %v", err)
			}
			if read.Status.String() != expect[2] {
				t.Errorf("Flux says %s, expected %s: %v", read.Status, expect[2], read.Error)
			}
			if alone := kstatusOf(object); alone != expect[3] {
				t.Errorf("kstatus alone says %s, expected %s", alone, expect[3])
			}
			agree(t, string(found.Status), read.Status, object)
			seen[object.GetKind()+" "+expect[1]] = true
		})
	}
	for _, kind := range kinds {
		if !seen[kind+" Healthy"] || !seen[kind+" Progressing"] {
			t.Errorf("no object shows a healthy and a progressing %s", kind)
		}
	}
	for _, each := range []string{"OptimizationPolicy Suspended", "Recommendation Suspended", "OptimizationPolicy Degraded",
		"Recommendation Degraded", "PriceBook Degraded"} {
		if !seen[each] {
			t.Errorf("no object shows %s", each)
		}
	}
}

// agree: the two tools say the same of an object. Flux has no word for Suspended: nothing is left for it to wait for.
func agree(t *testing.T, argocd string, flux status.Status, object *unstructured.Unstructured) {
	t.Helper()
	if object.GetDeletionTimestamp() != nil {
		return // Argo CD looks no further, and Flux does not look at what it deletes
	}
	same := map[string][]status.Status{
		"Healthy":     {status.CurrentStatus},
		"Suspended":   {status.CurrentStatus},
		"Progressing": {status.InProgressStatus, status.UnknownStatus},
		"Degraded":    {status.FailedStatus},
	}
	for _, possible := range same[argocd] {
		if flux == possible {
			return
		}
	}
	t.Errorf("Argo CD says %s and Flux %s", argocd, flux)
}

// TestUpstreamLayout is the test that Argo CD has for its own resource_customizations.
func TestUpstreamLayout(t *testing.T) {
	layout := repository("deploy", "argocd", "resource_customizations", "trimtab.dev")
	scripts := glob(t, filepath.Join(layout, "*", "health.lua"))
	if len(scripts) != len(kinds) {
		t.Errorf("%d scripts", len(scripts))
	}
	patched := overrides(t)
	for _, path := range scripts {
		dir := filepath.Dir(path)
		kind := filepath.Base(dir)
		script := text(t, strings.Split(strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(repository())+"/"), "/")...)
		if patched["trimtab.dev/"+kind].HealthLua != script {
			t.Errorf("argocd-cm-patch.yaml is not made from %s: run deploy/argocd/generate.sh", path)
		}
		var table struct {
			Tests []struct {
				InputPath    string              `json:"inputPath"`
				HealthStatus health.HealthStatus `json:"healthStatus"`
			} `json:"tests"`
		}
		data, err := os.ReadFile(filepath.Join(dir, "health_test.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(data, &table); err != nil {
			t.Fatal(err)
		}
		inputs := glob(t, filepath.Join(dir, "testdata", "*.yaml"))
		if len(table.Tests) != len(inputs) {
			t.Errorf("%s: %d tests of %d objects", kind, len(table.Tests), len(inputs))
		}
		for _, test := range table.Tests {
			t.Run(kind+"/"+test.InputPath, func(t *testing.T) {
				object := objects(t, filepath.Join(dir, test.InputPath))[0]
				// Without the standard libraries, as Argo CD runs what stands in its ConfigMap.
				found, err := lua.VM{}.ExecuteHealthLua(object, script)
				if err != nil {
					t.Fatal(err)
				}
				if *found != test.HealthStatus {
					t.Errorf("%+v, expected %+v", *found, test.HealthStatus)
				}
			})
		}
	}
}
