package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	// Not the standard library's: its output changes with the version of Go, and digests with it.
	"github.com/klauspost/compress/gzip"
)

// member is a file of an archive. Its path has no leading slash.
type member struct {
	path string
	mode int64
	data []byte
}

// archive is a tar of these files and of the directories above them, ordered by path, of 1970 and owned by root.
func archive(members []member) ([]byte, error) {
	members = slices.Clone(members)
	directories := map[string]bool{}
	for _, m := range members {
		for at := path.Dir(m.path); at != "."; at = path.Dir(at) {
			directories[at] = true
		}
	}
	for directory := range directories {
		members = append(members, member{path: directory + "/", mode: 0o755})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.path, b.path) })
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: m.path, Mode: m.mode, Size: int64(len(m.data)), ModTime: time.Unix(0, 0),
			Format: tar.FormatUSTAR,
		}
		if strings.HasSuffix(m.path, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func compressed(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// writeArchive writes files, by their path in it, to a .tar.gz.
func writeArchive(out string, files []pair) error {
	var members []member
	for _, file := range files {
		data, err := os.ReadFile(file.value)
		if err != nil {
			return err
		}
		name, executable := strings.CutPrefix(file.key, "x:")
		mode := int64(0o644)
		if executable {
			mode = 0o755
		}
		members = append(members, member{name, mode, data})
	}
	whole, err := archive(members)
	if err != nil {
		return err
	}
	if whole, err = compressed(whole); err != nil {
		return err
	}
	return os.WriteFile(out, whole, 0o644)
}

// below reads the files of a directory, to be found below another path.
func below(directory, at string) ([]member, error) {
	var members []member
	err := filepath.WalkDir(directory, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(directory, file)
		members = append(members, member{path.Join(at, filepath.ToSlash(relative)), 0o644, data})
		return err
	})
	if err == nil && len(members) == 0 {
		err = fmt.Errorf("%s has no files", directory)
	}
	return members, err
}
