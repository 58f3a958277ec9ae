package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// metadata is the part that is read of what `cargo metadata --format-version 1` writes.
type metadata struct {
	Packages []crate
	Resolve  struct {
		Nodes []struct {
			ID   string
			Deps []struct {
				Pkg      string
				DepKinds []struct{ Kind *string } `json:"dep_kinds"`
			}
		}
	}
}

type crate struct {
	ID, Name, Version, License, Repository string
	Source                                 *string
	ManifestPath                           string `json:"manifest_path"`
}

func (c crate) String() string { return c.Name + " " + c.Version }

// text is one licence text with those whom it covers.
type text struct {
	words string
	of    []string
}

// named is how files with licence texts are called.
var named = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|copyright|notice|unlicense)([-_.].*)?$`)

// writeLicences writes the list of everybody whose code is in the program, and their texts.
func writeLicences(out, more string, from []string) error {
	crates := map[string]crate{}
	for _, file := range from {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var read metadata
		if err := json.Unmarshal(data, &read); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := linked(read, crates); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	all := make([]crate, 0, len(crates))
	for _, c := range crates {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b crate) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version)) })

	texts := map[string]*text{}
	add := func(words, of string) {
		key := strings.Join(strings.Fields(words), " ")
		if texts[key] == nil {
			texts[key] = &text{words: strings.TrimSpace(strings.ReplaceAll(words, "\r\n", "\n"))}
		}
		texts[key].of = append(texts[key].of, of)
	}
	var list bytes.Buffer
	list.WriteString("Trimtab contains the crates below, each with its version and, in the line after it, its licence.\n" +
		"Then follow the texts that came with them.\n\n")
	for _, c := range all {
		fmt.Fprintf(&list, "%s\n    %s, %s\n", c, cmp.Or(c.License, "see its text"), cmp.Or(c.Repository, "https://crates.io/crates/"+c.Name))
		found, err := textsOf(filepath.Dir(c.ManifestPath))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			list.WriteString("    Its package has no text of the licence.\n")
		}
		for _, words := range found {
			add(words, c.String())
		}
	}
	others, err := below(more, "")
	if err != nil {
		return err
	}
	for _, other := range others {
		add(string(other.data), strings.TrimSuffix(other.path, ".txt"))
	}
	ordered := make([]*text, 0, len(texts))
	for _, t := range texts {
		slices.Sort(t.of)
		t.of = slices.Compact(t.of)
		ordered = append(ordered, t)
	}
	slices.SortFunc(ordered, func(a, b *text) int {
		return cmp.Or(-cmp.Compare(len(a.of), len(b.of)), cmp.Compare(a.of[0], b.of[0]), cmp.Compare(a.words, b.words))
	})
	line := strings.Repeat("=", 80)
	for _, t := range ordered {
		fmt.Fprintf(&list, "\n%s\n%s\n%s\n\n%s\n", line, strings.Join(t.of, ", "), line, t.words)
	}
	return os.WriteFile(out, list.Bytes(), 0o644)
}

// linked adds to crates what the program depends on, but not for tests and not to be built. Those that write code for it are
// there too: what they write is in the program, and the list inside it names them.
func linked(read metadata, crates map[string]crate) error {
	byID := map[string]crate{}
	var todo []string
	for _, c := range read.Packages {
		byID[c.ID] = c
		if c.Name == program && c.Source == nil {
			todo = append(todo, c.ID)
		}
	}
	if len(todo) != 1 {
		return fmt.Errorf("%d packages are called %s", len(todo), program)
	}
	dependencies := map[string][]string{}
	for _, node := range read.Resolve.Nodes {
		for _, to := range node.Deps {
			for _, kind := range to.DepKinds {
				if kind.Kind == nil {
					dependencies[node.ID] = append(dependencies[node.ID], to.Pkg)
				}
			}
		}
	}
	seen := map[string]bool{}
	for len(todo) > 0 {
		id := todo[0]
		todo = todo[1:]
		c := byID[id]
		if seen[id] {
			continue
		}
		seen[id] = true
		todo = append(todo, dependencies[id]...)
		if c.Source != nil {
			crates[c.String()] = c
		}
	}
	return nil
}

// textsOf are the licence texts in a package, also those of code of others in it.
func textsOf(directory string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if strings.Count(inside, string(filepath.Separator)) >= 3 || inside == "tests" || inside == "target" {
				return filepath.SkipDir
			}
			return nil
		}
		source := slices.Contains([]string{".rs", ".h", ".c", ".html", ".json", ".toml", ".py"}, filepath.Ext(path))
		if !named.MatchString(entry.Name()) || source || !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if len(bytes.TrimSpace(data)) > 0 {
			found = append(found, string(data))
		}
		return err
	})
	return found, err
}
