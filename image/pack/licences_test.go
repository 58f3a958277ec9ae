package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicencesAreOfWhatIsLinked(t *testing.T) {
	crates := write(t, map[string]string{
		"one/LICENSE-MIT": "Permission is granted.\n", "one/src/license.rs": "not a text",
		"two/LICENSE-MIT": "Permission  is granted.", "two/vendored/COPYING": "Vendored.",
		"macro/LICENSE": "Macro.", "build/LICENSE": "Build.", "test/LICENSE": "Test.",
	})
	at := func(name string) string {
		return fmt.Sprintf(`"manifest_path":%q`, filepath.Join(crates, name, "Cargo.toml"))
	}
	metadata := fmt.Sprintf(`{"packages":[
		{"id":"t","name":"trimtab","version":"0.1.0","source":null,"license":"Apache-2.0",%s,"targets":[{"kind":["bin"]}]},
		{"id":"1","name":"one","version":"1.0.0","source":"r","license":"MIT","repository":"https://one.example",%s,"targets":[{"kind":["lib"]}]},
		{"id":"2","name":"two","version":"2.0.0","source":"r","license":"MIT",%s,"targets":[{"kind":["lib"]}]},
		{"id":"3","name":"three","version":"3.0.0","source":"r","license":"ISC",%s,"targets":[{"kind":["lib"]}]},
		{"id":"m","name":"macro","version":"1.0.0","source":"r","license":"MIT",%s,"targets":[{"kind":["proc-macro"]}]},
		{"id":"b","name":"build","version":"1.0.0","source":"r","license":"MIT",%s,"targets":[{"kind":["lib"]}]},
		{"id":"d","name":"test","version":"1.0.0","source":"r","license":"MIT",%s,"targets":[{"kind":["lib"]}]}],
		"resolve":{"nodes":[
		{"id":"t","deps":[{"pkg":"1","dep_kinds":[{"kind":null}]},{"pkg":"m","dep_kinds":[{"kind":null}]},{"pkg":"d","dep_kinds":[{"kind":"dev"}]}]},
		{"id":"1","deps":[{"pkg":"2","dep_kinds":[{"kind":"build"},{"kind":null}]},{"pkg":"b","dep_kinds":[{"kind":"build"}]}]},
		{"id":"2","deps":[{"pkg":"3","dep_kinds":[{"kind":null}]}]},{"id":"3","deps":[]}]}}`,
		at("trimtab"), at("one"), at("two"), at("three"), at("macro"), at("build"), at("test"))
	if err := os.MkdirAll(filepath.Join(crates, "three"), 0o700); err != nil {
		t.Fatal(err)
	}
	from := write(t, map[string]string{"metadata.json": metadata, "more/musl.txt": "The C library."})
	out := filepath.Join(from, "THIRD-PARTY.txt")
	if err := writeLicences(out, filepath.Join(from, "more"), []string{filepath.Join(from, "metadata.json")}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	said := string(data)
	for _, expected := range []string{
		"\none 1.0.0\n    MIT, https://one.example\n", "\ntwo 2.0.0\n", "\nmacro 1.0.0\n", "\nthree 3.0.0\n    ISC, https://crates.io/crates/three\n",
		"Its package has no text of the licence.", "\none 1.0.0, two 2.0.0\n", "Vendored.", "\nmusl\n", "The C library.",
	} {
		if !strings.Contains(said, expected) {
			t.Errorf("no %q in\n%s", expected, said)
		}
	}
	for _, unexpected := range []string{"Build.", "Test.", "not a text", "\ntrimtab 0.1.0\n", crates} {
		if strings.Contains(said, unexpected) {
			t.Errorf("%q in\n%s", unexpected, said)
		}
	}
	if strings.Count(said, "is granted.") != 1 {
		t.Errorf("a text is not there once:\n%s", said)
	}
}
