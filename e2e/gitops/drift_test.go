package gitops

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/diff"
	structured "github.com/argoproj/gitops-engine/pkg/diff"
	openapi "github.com/google/gnostic-models/openapiv2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/util/proto"
)

// manager is the field manager of Argo CD.
const manager = "argocd-controller"

// shipped are the files that people apply, and whose objects Argo CD compares.
var shipped = []string{"crds/*.yaml", "policies/*.yaml", "deploy/*.yaml", "deploy/monitoring/*.yaml", "examples/*.yaml",
	"examples/gitops/teams/*/*/*.yaml"}

// foreign are the groups of objects whose kinds the test server does not have.
var foreign = []string{"monitoring.coreos.com"}

// live is what a server has after the shipped files were applied: see record.sh.
type live struct {
	// client-side and server-side, and what a second server-side apply would make of it.
	client, server, predicted map[string]*unstructured.Unstructured
	parser                    *managedfields.GvkParser
}

// readLive reads the directory LIVE_OBJECTS, or testdata/live.
func readLive(t *testing.T) live {
	t.Helper()
	dir := os.Getenv("LIVE_OBJECTS")
	if dir == "" {
		dir = filepath.Join("testdata", "live")
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			fmt.Println("SKIPPED TEST: TestNothingShippedIsOutOfSync: LIVE_OBJECTS is not set, and testdata/live does not exist")
			t.Skip("record.sh writes such a directory")
		}
	}
	read := func(part string) map[string]*unstructured.Unstructured {
		found := map[string]*unstructured.Unstructured{}
		for _, file := range glob(t, filepath.Join(dir, part, "*.yaml")) {
			for _, object := range objects(t, file) {
				found[key(object)] = object
			}
		}
		return found
	}
	return live{client: read("client"), server: read("server"), predicted: read("predicted"), parser: parser(t, dir)}
}

// parser makes of the server's OpenAPI document what Argo CD makes of it.
func parser(t *testing.T, dir string) *managedfields.GvkParser {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "openapi.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi.ParseDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	models, err := proto.NewOpenAPIData(document)
	if err != nil {
		t.Fatal(err)
	}
	found, err := managedfields.NewGVKParser(models, false)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// predicted is the answer of the server to a dry run that was recorded.
type predicted struct{ object *unstructured.Unstructured }

func (p predicted) Run(context.Context, *unstructured.Unstructured, string) (string, error) {
	data, err := json.Marshal(p.object)
	return string(data), err
}

// verdict is what an engine says: OutOfSync or not, and the two sides.
type verdict struct {
	modified        bool
	live, predicted []byte
}

func of(result *diff.DiffResult, err error) (verdict, error) {
	if err != nil {
		return verdict{}, err
	}
	return verdict{result.Modified, result.NormalizedLive, result.PredictedLive}, nil
}

// withoutStatus is Argo CD's default, `ignoreResourceStatusField: all`.
type withoutStatus struct{}

func (withoutStatus) Normalize(object *unstructured.Unstructured) error {
	delete(object.Object, "status")
	return nil
}

// clientSide is the default of Argo CD: a three-way diff with the annotation of the last apply.
func clientSide(config, live *unstructured.Unstructured) (verdict, error) {
	return of(diff.Diff(context.Background(), config, live, diff.WithNormalizer(withoutStatus{})))
}

// structuredMerge is what Argo CD up to 3.5 does where the application has ServerSideApply=true.
func structuredMerge(config, live *unstructured.Unstructured, parser *managedfields.GvkParser) (verdict, error) {
	result, err := structured.Diff(config, live, structured.WithStructuredMergeDiff(true), structured.WithGVKParser(parser),
		structured.WithManager(manager), structured.WithNormalizer(withoutStatus{}))
	if err != nil {
		return verdict{}, err
	}
	return verdict{result.Modified, result.NormalizedLive, result.PredictedLive}, nil
}

// serverSide is what Argo CD 3.6 does there, and earlier ones with ServerSideDiff=true. mutations: also count what admission
// changes, as with IncludeMutationWebhook=true.
func serverSide(config, live, answer *unstructured.Unstructured, parser *managedfields.GvkParser, mutations bool) (verdict, error) {
	return of(diff.Diff(context.Background(), config, live, diff.WithServerSideDiff(true), diff.WithManager(manager),
		diff.WithGVKParser(parser), diff.WithServerSideDryRunner(predicted{answer}), diff.WithIgnoreMutationWebhook(!mutations),
		diff.WithNormalizer(withoutStatus{})))
}

// TestNothingShippedIsOutOfSync compares every object that is shipped or an example with what a server made of it.
func TestNothingShippedIsOutOfSync(t *testing.T) {
	there := readLive(t)
	var compared, missing int
	for _, pattern := range shipped {
		for _, file := range glob(t, repository(strings.Split(pattern, "/")...)) {
			if filepath.Base(file) == "rules.yaml" || filepath.Base(file) == "rules_test.yaml" {
				continue // the rules of a Prometheus, and no object
			}
			for _, config := range objects(t, file) {
				if slices.Contains(foreign, config.GroupVersionKind().Group) {
					continue
				}
				name := key(config)
				if there.client[name] == nil || there.server[name] == nil || there.predicted[name] == nil {
					missing++
					t.Errorf("%s of %s was not recorded", name, file)
					continue
				}
				compared++
				there.compare(t, config, false)
				there.compare(t, config, true)
			}
		}
	}
	fmt.Printf("drift: %d objects compared in five ways, %d not recorded\n", compared, missing)
}

// compare says in which ways an object is OutOfSync that should not be; with another label in Git, in which it should be and is not.
func (l live) compare(t *testing.T, config *unstructured.Unstructured, changed bool) {
	t.Helper()
	name := key(config)
	git, answer := config.DeepCopy(), l.predicted[name].DeepCopy()
	if changed {
		label(git)
		label(answer)
	}
	for mode, run := range map[string]func() (verdict, error){
		"client-side":           func() (verdict, error) { return clientSide(git, l.client[name]) },
		"client-side, adopted":  func() (verdict, error) { return clientSide(git, l.server[name]) },
		"structured merge":      func() (verdict, error) { return structuredMerge(git, l.server[name], l.parser) },
		"server-side":           func() (verdict, error) { return serverSide(git, l.server[name], answer, l.parser, false) },
		"server-side, in whole": func() (verdict, error) { return serverSide(git, l.server[name], answer, l.parser, true) },
	} {
		found, err := run()
		switch {
		case err != nil:
			t.Errorf("%s: %s: %v", name, mode, err)
		case changed && !found.modified && mode != "server-side":
			// That one counts what Argo CD owns alone, and the recorded answer gives it no label.
			t.Errorf("%s: %s: a label in Git that the cluster lacks is not found", name, mode)
		case !changed && found.modified:
			t.Errorf("%s: %s: OutOfSync\nlive      %s\npredicted %s", name, mode, found.live, found.predicted)
		}
	}
}

func label(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels["example.com/changed"] = "in-git"
	object.SetLabels(labels)
}

// TestDriftIsFound: the comparison finds a change of Git, and one in the cluster, without a server.
func TestDriftIsFound(t *testing.T) {
	config := objects(t, repository("policies", "approval.yaml"))[0]
	annotated := func(object *unstructured.Unstructured) *unstructured.Unstructured {
		applied, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		made := object.DeepCopy()
		made.SetAnnotations(map[string]string{diff.AnnotationLastAppliedConfig: string(applied)})
		return made
	}
	for name, change := range map[string]func(git, cluster *unstructured.Unstructured){
		"nothing": func(_, _ *unstructured.Unstructured) {},
		"Git": func(git, _ *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(git.Object, "Ignore", "spec", "failurePolicy")
		},
		"cluster": func(_, cluster *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(cluster.Object, "Ignore", "spec", "failurePolicy")
		},
	} {
		git, cluster := config.DeepCopy(), annotated(config)
		change(git, cluster)
		found, err := clientSide(git, cluster)
		if err != nil {
			t.Fatal(err)
		}
		if found.modified != (name != "nothing") {
			t.Errorf("changed: %s; OutOfSync: %v", name, found.modified)
		}
	}
}
