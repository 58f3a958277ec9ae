// An image without a registry: this very program at /burn, in the archive that `ctr images import` takes.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// image writes an archive to out, of an image called name that runs `/burn ARGS`.
func image(out, name string, args []string) error {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	layer, err := archive(file{"burn", 0o755, program})
	if err != nil {
		return err
	}
	id := digest(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": append([]string{"/burn"}, args...), "WorkingDir": "/"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + id}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": digest(config) + ".json", "RepoTags": []string{name}, "Layers": []string{id + "/layer.tar"},
	}})
	if err != nil {
		return err
	}
	whole, err := archive(
		file{digest(config) + ".json", 0o644, config},
		file{id + "/layer.tar", 0o644, layer},
		file{"manifest.json", 0o644, manifest})
	if err != nil {
		return err
	}
	return os.WriteFile(out, whole, 0o644)
}

type file struct {
	name string
	mode int64
	data []byte
}

// archive has no times and no owners, so that like content has like digests.
func archive(files ...file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
