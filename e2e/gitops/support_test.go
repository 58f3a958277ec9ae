package gitops

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// repository is the root of the repository. A compiled test binary runs in this directory, too.
func repository(parts ...string) string {
	root := os.Getenv("REPOSITORY")
	if root == "" {
		root = filepath.Join("..", "..")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// text is the content of a file of the repository.
func text(t *testing.T, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(repository(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// glob lists the files that match, in order; none is an error.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s: %v", pattern, err)
	}
	sort.Strings(files)
	return files
}

// documents are the documents of a YAML text, as JSON.
func documents(t *testing.T, from string) [][]byte {
	t.Helper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(from)))
	var found [][]byte
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := yaml.YAMLToJSON(document)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
			found = append(found, data)
		}
	}
}

// objects are the objects of a YAML file, those of lists one by one. Whole numbers are int64, as in what a client reads.
func objects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []*unstructured.Unstructured
	for _, document := range documents(t, string(data)) {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !object.IsList() {
			found = append(found, object)
			continue
		}
		list, err := object.ToList()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for i := range list.Items {
			found = append(found, &list.Items[i])
		}
	}
	return found
}

// key names an object.
func key(object *unstructured.Unstructured) string {
	gvk := object.GroupVersionKind()
	return strings.Join([]string{gvk.Group, gvk.Kind, object.GetNamespace(), object.GetName()}, "/")
}
