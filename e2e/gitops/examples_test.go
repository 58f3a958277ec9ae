package gitops

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"github.com/fluxcd/pkg/sourceignore"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// read decodes every document of the examples of a tool into the tool's own types; an unknown field is an error.
func read(t *testing.T, tool string) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, file := range glob(t, repository("examples", "gitops", tool, "*.yaml")) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range documents(t, string(data)) {
			var named struct {
				metav1.TypeMeta   `json:",inline"`
				metav1.ObjectMeta `json:"metadata"`
			}
			if err := yaml.Unmarshal(document, &named); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			into := map[string]any{
				"argoproj.io/v1alpha1/Application":             &appv1.Application{},
				"argoproj.io/v1alpha1/AppProject":              &appv1.AppProject{},
				"kustomize.toolkit.fluxcd.io/v1/Kustomization": &kustomizev1.Kustomization{},
				"source.toolkit.fluxcd.io/v1/GitRepository":    &sourcev1.GitRepository{},
				"helm.toolkit.fluxcd.io/v2/HelmRelease":        &helmv2.HelmRelease{},
				"v1/Namespace":                                 &corev1.Namespace{},
				"v1/ServiceAccount":                            &corev1.ServiceAccount{},
				"rbac.authorization.k8s.io/v1/RoleBinding":     &rbacv1.RoleBinding{},
			}[named.APIVersion+"/"+named.Kind]
			if into == nil {
				t.Errorf("%s: no example is expected of %s %s", file, named.APIVersion, named.Kind)
				continue
			}
			if err := yaml.UnmarshalStrict(document, into); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			found[named.Kind+"/"+named.Name] = into
		}
	}
	return found
}

// ours: the repository that an example syncs, as directories of this one.
func ours(url, path string) string {
	if strings.HasSuffix(url, "/clusters.git") {
		return repository("examples", "gitops", path)
	}
	return repository(path)
}

// TestArgoExamples: they are what Argo CD's types say, and name projects and directories that exist.
func TestArgoExamples(t *testing.T) {
	found := read(t, "argocd")
	// Two ways to install Trimtab, of which one is chosen: what both have is compared.
	for name, object := range read(t, filepath.Join("argocd", "helm")) {
		other, both := found[name].(*appv1.Application)
		if both && !reflect.DeepEqual(other.Spec, object.(*appv1.Application).Spec) {
			t.Errorf("%s is another one with the chart", name)
		}
		found[name] = object
	}
	var applications int
	for name, object := range found {
		application, ok := object.(*appv1.Application)
		if !ok {
			continue
		}
		applications++
		project, ok := found["AppProject/"+application.Spec.Project].(*appv1.AppProject)
		if !ok {
			t.Errorf("%s: there is no project %s", name, application.Spec.Project)
			continue
		}
		source := application.Spec.GetSource()
		if !project.IsSourcePermitted(source) {
			t.Errorf("%s: the project does not permit %s", name, source.RepoURL)
		}
		dir := ours(source.RepoURL, source.Path)
		pattern := filepath.Join(dir, "*.yaml")
		if source.Directory != nil && source.Directory.Recurse {
			pattern = filepath.Join(dir, "*", "*.yaml")
		}
		if source.Helm != nil {
			// What the chart renders.
			pattern = repository("dist", "install.yaml")
		}
		for _, file := range glob(t, pattern) {
			for _, object := range objects(t, file) {
				gk := object.GroupVersionKind().GroupKind()
				namespaced := object.GetNamespace() != ""
				if !project.IsGroupKindNamePermitted(gk, object.GetName(), namespaced) {
					t.Errorf("%s: project %s does not permit %s %s", name, project.Name, gk, object.GetName())
				}
				destination := application.Spec.Destination.Namespace
				if namespaced && object.GetNamespace() != destination {
					t.Errorf("%s: %s is in %s, the application in %s", name, key(object), object.GetNamespace(), destination)
				}
			}
		}
	}
	if applications < 5 {
		t.Errorf("%d applications", applications)
	}
	team := found["AppProject/shop"].(*appv1.AppProject)
	for _, kind := range []string{"AppliedSizes", "UsageProfile"} {
		if team.IsGroupKindNamePermitted(schema.GroupKind{Group: "trimtab.dev", Kind: kind}, "trimtab", true) {
			t.Errorf("a team may sync %s, which Trimtab alone writes", kind)
		}
	}
}

// TestFluxExamples: they are what Flux's types say, their expressions are those of deploy/flux, and they wait for what exists.
func TestFluxExamples(t *testing.T) {
	found := read(t, "flux")
	shared := map[string]kustomize.CustomHealthCheck{}
	for _, check := range checks(t) {
		shared[check.Kind] = check
	}
	if len(shared) != len(kinds) {
		t.Errorf("deploy/flux/health.yaml has expressions of %d kinds", len(shared))
	}
	var expressions int
	for name, object := range found {
		kustomization, ok := object.(*kustomizev1.Kustomization)
		if !ok {
			continue
		}
		for _, before := range kustomization.Spec.DependsOn {
			if found["Kustomization/"+before.Name] == nil {
				t.Errorf("%s depends on %s, which does not exist", name, before.Name)
			}
		}
		source, ok := found["GitRepository/"+kustomization.Spec.SourceRef.Name].(*sourcev1.GitRepository)
		if !ok {
			t.Errorf("%s: there is no source %s", name, kustomization.Spec.SourceRef.Name)
			continue
		}
		account := kustomization.Spec.ServiceAccountName
		if account != "" && found["ServiceAccount/"+account] == nil {
			t.Errorf("%s: there is no account %s", name, account)
		}
		for _, bound := range found {
			binding, ok := bound.(*rbacv1.RoleBinding)
			if !ok || !slices.ContainsFunc(binding.Subjects, func(of rbacv1.Subject) bool { return of.Name == account }) {
				continue
			}
			if role := binding.RoleRef.Name; role != "trimtab-editor" && role != "trimtab-viewer" {
				t.Errorf("%s: its account has the role %s, which may do more than propose", name, role)
			}
		}
		if _, err := cel.NewStatusReader(kustomization.Spec.HealthCheckExprs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checked := map[string]bool{}
		for _, check := range kustomization.Spec.HealthCheckExprs {
			expressions++
			checked[check.Kind] = true
			if !reflect.DeepEqual(check, shared[check.Kind]) {
				t.Errorf("%s: the expressions of %s are not those of deploy/flux/health.yaml", name, check.Kind)
			}
		}
		// Flux takes every YAML file below the path; each has to be of objects, and each kind of ours needs expressions.
		used := map[string]bool{}
		for _, file := range kept(t, source, kustomization.Spec.Path) {
			for _, object := range objects(t, file) {
				for _, image := range images(object) {
					used[image] = true
				}
				if object.GroupVersionKind().Group == "trimtab.dev" && !checked[object.GetKind()] {
					t.Errorf("%s has a %s and no expressions for it", name, object.GetKind())
				}
			}
		}
		// As kustomize does, by the whole name: one that nothing has is passed over in silence.
		for _, image := range kustomization.Spec.Images {
			if !used[image.Name] {
				t.Errorf("%s replaces the image %s, which nothing there has", name, image.Name)
			}
		}
	}
	if expressions < 3 {
		t.Errorf("%d expressions", expressions)
	}
}

// TestChartExamples: both tools install the chart that is here, with values that it has, and neither may lose the CRDs with it.
func TestChartExamples(t *testing.T) {
	var defaults map[string]any
	if err := yaml.Unmarshal([]byte(text(t, "charts", "trimtab", "values.yaml")), &defaults); err != nil {
		t.Fatal(err)
	}
	checked := func(name string, raw []byte) map[string]any {
		values := map[string]any{}
		if err := yaml.UnmarshalStrict(raw, &values); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, path := range unknown("", values, defaults) {
			t.Errorf("%s: the chart has no value %s", name, path)
		}
		if image, _, _ := unstructured.NestedString(values, "image", "registry"); image == "" {
			t.Errorf("%s: names no registry, and the image of the chart is not published", name)
		}
		return values
	}

	application, ok := read(t, filepath.Join("argocd", "helm"))["Application/trimtab"].(*appv1.Application)
	if !ok {
		t.Fatal("there is no Application trimtab with the chart")
	}
	source := application.Spec.GetSource()
	if source.Helm == nil || source.Helm.ValuesObject == nil {
		t.Fatal("the Application trimtab has no values")
	}
	chart := []string{ours(source.RepoURL, source.Path)}
	values := checked("the Application trimtab", source.Helm.ValuesObject.Raw)
	// Another application has them, whose options keep them.
	if crds, found, _ := unstructured.NestedBool(values, "crds", "enabled"); !found || crds {
		t.Error("the Application trimtab has the CRDs too, and would prune them")
	}

	found := read(t, filepath.Join("flux", "helm"))
	release, ok := found["HelmRelease/trimtab"].(*helmv2.HelmRelease)
	if !ok {
		t.Fatal("there is no HelmRelease trimtab")
	}
	if found["Namespace/"+release.Spec.TargetNamespace] == nil {
		t.Errorf("the HelmRelease installs into %s, which nothing makes", release.Spec.TargetNamespace)
	}
	template := release.Spec.Chart.Spec
	git, ok := found["GitRepository/"+template.SourceRef.Name].(*sourcev1.GitRepository)
	if !ok {
		t.Fatalf("there is no source %s", template.SourceRef.Name)
	}
	if template.ReconcileStrategy != sourcev1.ReconcileStrategyRevision {
		t.Errorf("a commit that leaves the version of the chart is not installed: %s", template.ReconcileStrategy)
	}
	kept(t, git, template.Chart)
	chart = append(chart, ours(git.Spec.URL, template.Chart))
	checked("the HelmRelease trimtab", release.Spec.Values.Raw)
	// The other strategy uninstalls, or goes back to the guard of an earlier release.
	for _, name := range []string{release.Spec.Install.Strategy.Name, release.Spec.Upgrade.Strategy.Name} {
		if name != "RetryOnFailure" {
			t.Errorf("what Flux does after a failure: %s", name)
		}
	}

	for _, dir := range chart {
		glob(t, filepath.Join(dir, "Chart.yaml"))
	}
}

// unknown are the paths of values that the chart does not have. A map that is empty there is one of people's own keys.
func unknown(at string, values, defaults map[string]any) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		known, ok := defaults[name]
		if !ok {
			found = append(found, at+name)
			continue
		}
		inner, isMap := values[name].(map[string]any)
		if below, ok := known.(map[string]any); ok && isMap && len(below) > 0 {
			found = append(found, unknown(at+name+".", inner, below)...)
		}
	}
	return found
}

// images are the images of the containers of a workload, without tag and digest.
func images(object *unstructured.Unstructured) []string {
	containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	var found []string
	for _, container := range containers {
		fields, _ := container.(map[string]any)
		image, _ := fields["image"].(string)
		name, _, _ := strings.Cut(image, "@")
		if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
			name = name[:colon]
		}
		found = append(found, name)
	}
	return found
}

// kept are the YAML files below a path that a source keeps.
func kept(t *testing.T, source *sourcev1.GitRepository, path string) []string {
	t.Helper()
	var patterns string
	if source.Spec.Ignore != nil {
		patterns = *source.Spec.Ignore
	}
	matcher := sourceignore.NewDefaultMatcher(sourceignore.ReadPatterns(strings.NewReader(patterns), nil), nil)
	root := ours(source.Spec.URL, ".")
	var found []string
	err := filepath.WalkDir(filepath.Join(root, path), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		ignored := matcher.Match(strings.Split(filepath.ToSlash(below), "/"), false)
		if !ignored && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file)) {
			found = append(found, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Errorf("%s keeps nothing of %s", source.Name, path)
	}
	return found
}
