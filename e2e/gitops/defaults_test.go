package gitops

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/kube/scheme"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// filledIn is an object with the defaults of Kubernetes.
func filledIn(t *testing.T, object *unstructured.Unstructured) map[string]any {
	t.Helper()
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		t.Fatal(err)
	}
	scheme.Scheme.Default(typed)
	data, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	made := &unstructured.Unstructured{}
	if err := made.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	delete(made.Object, "status")
	unstructured.RemoveNestedField(made.Object, "metadata", "creationTimestamp")
	return made.Object
}

// TestPoliciesWriteDefaultsOut: the API server adds nothing to the policies. Whoever compares them with Git by another way than
// Argo CD does, finds no difference either.
func TestPoliciesWriteDefaultsOut(t *testing.T) {
	for _, file := range glob(t, repository("policies", "*.yaml")) {
		for _, object := range objects(t, file) {
			if made := filledIn(t, object); !reflect.DeepEqual(made, object.Object) {
				was, _ := json.Marshal(object.Object)
				is, _ := json.Marshal(made)
				t.Errorf("%s: Kubernetes makes of\n%s\nthis:\n%s", filepath.Base(file), was, is)
			}
		}
	}
}

// TestMissingDefaultsAreFound: the test above can fail.
func TestMissingDefaultsAreFound(t *testing.T) {
	object := objects(t, repository("policies", "approval.yaml"))[0]
	unstructured.RemoveNestedField(object.Object, "spec", "matchConstraints", "objectSelector")
	if reflect.DeepEqual(filledIn(t, object), object.Object) {
		t.Error("Kubernetes fills in spec.matchConstraints.objectSelector")
	}
}
