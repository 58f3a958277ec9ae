package gitops

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/ssa"
	ssautils "github.com/fluxcd/pkg/ssa/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fluxTakesOver are the managers whose fields kustomize-controller takes over before it applies, and exclusion the annotation
// with which it does not (internal/controller/kustomization_controller.go).
var (
	fluxTakesOver = []ssa.FieldManager{
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
		{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
	}
	exclusion = map[string]string{"kustomize.toolkit.fluxcd.io/ssa": "Merge"}
)

func entry(name string, operation metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: name, Operation: operation, APIVersion: "trimtab.dev/v1alpha1",
		FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}}
}

// TestProposalsKeepTheirApproval: Flux would take over, and then remove, an approval that a person gives with kubectl or with
// the plugin. So every proposal of the examples says that it must not.
func TestProposalsKeepTheirApproval(t *testing.T) {
	for _, writer := range []string{"kubectl-trimtab", "kubectl-patch", "kubectl-edit"} {
		approved := objects(t, filepath.Join("testdata", "objects", "recommendation-applied.yaml"))[0]
		approved.SetManagedFields([]metav1.ManagedFieldsEntry{
			entry("kustomize-controller", metav1.ManagedFieldsOperationApply, `{"f:spec":{"f:proposal":{}}}`),
			entry(writer, metav1.ManagedFieldsOperationUpdate, `{"f:spec":{"f:approval":{".":{},"f:decision":{}}}}`),
		})
		patches, err := ssa.PatchReplaceFieldsManagers(approved, fluxTakesOver, "kustomize-controller")
		if err != nil {
			t.Fatal(err)
		}
		made, err := json.Marshal(patches)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(made), "f:approval") || strings.Contains(string(made), writer) {
			t.Errorf("Flux leaves what %s wrote alone: the annotation of the examples is not needed any more: %s", writer, made)
		}
	}
	var proposals int
	for _, file := range glob(t, repository("examples", "gitops", "teams", "*", "*", "*.yaml")) {
		for _, object := range objects(t, file) {
			if object.GetKind() != "Recommendation" {
				continue
			}
			proposals++
			if !ssautils.AnyInMetadata(object, exclusion) {
				t.Errorf("%s lacks the annotation kustomize.toolkit.fluxcd.io/ssa: Merge", file)
			}
			if _, found := object.Object["spec"].(map[string]any)["approval"]; found {
				t.Errorf("%s has an approval, which belongs to the cluster", file)
			}
		}
	}
	if proposals == 0 {
		t.Error("no example is a proposal")
	}
}
