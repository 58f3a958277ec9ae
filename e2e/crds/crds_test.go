package crds

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// expected are the files GROUP_PLURAL.yaml, each with its kind, and its versions in the order of the CRD. A star marks the version
// that is stored.
var expected = map[string]struct {
	kind     string
	versions string
}{
	"argoproj.io_applications.yaml":                                      {"Application", "v1alpha1*"},
	"argoproj.io_rollouts.yaml":                                          {"Rollout", "v1alpha1*"},
	"cert-manager.io_certificaterequests.yaml":                           {"CertificateRequest", "v1*"},
	"cert-manager.io_certificates.yaml":                                  {"Certificate", "v1*"},
	"cert-manager.io_clusterissuers.yaml":                                {"ClusterIssuer", "v1*"},
	"cert-manager.io_issuers.yaml":                                       {"Issuer", "v1*"},
	"cluster.x-k8s.io_machinehealthchecks.yaml":                          {"MachineHealthCheck", "v1beta1 v1beta2*"},
	"cluster.x-k8s.io_machines.yaml":                                     {"Machine", "v1beta1 v1beta2*"},
	"helm.toolkit.fluxcd.io_helmreleases.yaml":                           {"HelmRelease", "v2* v2beta1 v2beta2"},
	"kustomize.toolkit.fluxcd.io_kustomizations.yaml":                    {"Kustomization", "v1* v1beta1 v1beta2"},
	"self-node-remediation.medik8s.io_selfnoderemediations.yaml":         {"SelfNodeRemediation", "v1alpha1*"},
	"self-node-remediation.medik8s.io_selfnoderemediationtemplates.yaml": {"SelfNodeRemediationTemplate", "v1alpha1*"},
	"snapshot.storage.k8s.io_volumesnapshotclasses.yaml":                 {"VolumeSnapshotClass", "v1*"},
	"snapshot.storage.k8s.io_volumesnapshotcontents.yaml":                {"VolumeSnapshotContent", "v1*"},
	"snapshot.storage.k8s.io_volumesnapshots.yaml":                       {"VolumeSnapshot", "v1*"},
}

// directory is what ../crds.sh prints: CRDS, or else it is run.
func directory(t *testing.T) string {
	t.Helper()
	if given := os.Getenv("CRDS"); given != "" {
		return given
	}
	script := exec.Command("../crds.sh")
	script.Stderr = os.Stderr
	printed, err := script.Output()
	if err != nil {
		t.Fatal("../crds.sh:", err)
	}
	return strings.TrimSpace(string(printed))
}

// read is the CRD in a file. A field that no CRD has is an error.
func read(t *testing.T, path string) (crd apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, &crd); err != nil {
		t.Fatal(err)
	}
	if crd.APIVersion != "apiextensions.k8s.io/v1" || crd.Kind != "CustomResourceDefinition" {
		t.Fatalf("%s %s is no CRD", crd.APIVersion, crd.Kind)
	}
	return crd
}

func TestTheseFilesAreThereAndNoOthers(t *testing.T) {
	entries, err := os.ReadDir(directory(t))
	if err != nil {
		t.Fatal(err)
	}
	missing := len(expected)
	for _, entry := range entries {
		if _, ok := expected[entry.Name()]; ok {
			missing--
		} else {
			t.Errorf("%s: not expected", entry.Name())
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d files are missing", missing, len(expected))
	}
}

func TestEachHasItsKindAndVersions(t *testing.T) {
	in := directory(t)
	for file, want := range expected {
		t.Run(file, func(t *testing.T) {
			crd := read(t, filepath.Join(in, file))
			group, plural, _ := strings.Cut(strings.TrimSuffix(file, ".yaml"), "_")
			if crd.Spec.Group != group || crd.Spec.Names.Plural != plural || crd.Spec.Names.Kind != want.kind {
				t.Errorf("%s %s %s, not %s", crd.Spec.Group, crd.Spec.Names.Plural, crd.Spec.Names.Kind, want.kind)
			}
			if crd.Name != plural+"."+group {
				t.Errorf("an API server refuses the name %s", crd.Name)
			}
			if strings.HasSuffix(group, ".k8s.io") && crd.Annotations["api-approved.kubernetes.io"] == "" {
				t.Errorf("an API server asks for the annotation api-approved.kubernetes.io in the group %s", group)
			}
			var versions []string
			for _, v := range crd.Spec.Versions {
				if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil || len(v.Schema.OpenAPIV3Schema.Properties) <= 3 {
					t.Errorf("%s has nothing but apiVersion, kind and metadata", v.Name)
				}
				if v.Storage {
					v.Name += "*"
				}
				versions = append(versions, v.Name)
			}
			if !slices.Equal(versions, strings.Fields(want.versions)) {
				t.Errorf("versions %v, not %s", versions, want.versions)
			}
		})
	}
}

func TestARolloutKeepsTheLabelsOfItsPodsAndReplacesItsContainers(t *testing.T) {
	rollout := read(t, filepath.Join(directory(t), "argoproj.io_rollouts.yaml")).Spec.Versions[0].Schema.OpenAPIV3Schema
	template := rollout.Properties["spec"].Properties["template"]
	for _, field := range []string{"labels", "annotations"} {
		if _, ok := template.Properties["metadata"].Properties[field]; !ok {
			t.Errorf("an API server drops spec.template.metadata.%s", field)
		}
	}
	if merged := template.Properties["spec"].Properties["containers"].XListType; merged != nil {
		t.Errorf("spec.template.spec.containers is a %s; that of Argo Rollouts v1.8 is replaced as a whole", *merged)
	}
}

func TestStandInsSayWhatTheyAre(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("stand-ins", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no stand-ins:", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), "# A stand-in: ") || !strings.Contains(string(data), "# - https://") {
			t.Errorf("%s: its header has to say that it is a stand-in, and from which documentation", file)
		}
	}
}
