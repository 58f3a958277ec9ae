package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Where things are in the image, without the leading slash.
const (
	program     = "trimtab"
	authorities = "etc/ssl/certs/ca-certificates.crt"
	licences    = "licenses"
)

// user is the one that images without a shell have: neither root nor a person of the node.
const user = "65532:65532"

// release is what an image says of itself.
type release struct {
	name, version, revision string
	created                 time.Time
}

// labels of the image, and annotations of its manifests: https://github.com/opencontainers/image-spec/blob/main/annotations.md
func (of release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "Trimtab",
		"org.opencontainers.image.description": "Right-sizes Kubernetes workloads by their real usage",
		"org.opencontainers.image.url":         "https://trimtab.dev",
		"org.opencontainers.image.source":      "https://trimtab.dev/source",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     of.version,
		"org.opencontainers.image.revision":    of.revision,
		"org.opencontainers.image.created":     of.created.Format(time.RFC3339),
	}
}

// writeImage writes the layout and the archive into a directory, and gives the digest of the index.
func writeImage(out string, of release, licencesFrom string, binaries []pair) (v1.Hash, error) {
	if of.name == "" || of.version == "" || of.revision == "" {
		return v1.Hash{}, fmt.Errorf("an image needs -name, -version and -revision")
	}
	shared, err := below(licencesFrom, licences)
	if err != nil {
		return v1.Hash{}, err
	}
	certificates, err := roots()
	if err != nil {
		return v1.Hash{}, err
	}
	// One layer for all architectures, and for all versions whose dependencies are the same.
	base, err := layer(append(shared, member{authorities, 0o644, certificates}))
	if err != nil {
		return v1.Hash{}, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, binary := range binaries {
		image, err := imageOf(of, base, binary.key, binary.value)
		if err != nil {
			return v1.Hash{}, fmt.Errorf("%s: %w", binary.key, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: "linux", Architecture: binary.key},
		}})
	}
	annotated, ok := mutate.Annotations(index, of.labels()).(v1.ImageIndex)
	if !ok {
		return v1.Hash{}, fmt.Errorf("an index with annotations is no index")
	}
	if err := writeLayout(out, of, annotated); err != nil {
		return v1.Hash{}, err
	}
	return annotated.Digest()
}

func layer(members []member) (v1.Layer, error) {
	data, err := archive(members)
	if err != nil {
		return nil, err
	}
	if data, err = compressed(data); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}

func imageOf(of release, base v1.Layer, architecture, binary string) (v1.Image, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	own, err := layer([]member{{program, 0o755, data}})
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = architecture, "linux", v1.Time{Time: of.created}
	config.Config = v1.Config{
		User: user, WorkingDir: "/", Entrypoint: []string{"/" + program}, Cmd: []string{"controller"}, Labels: of.labels(),
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	added := func(layer v1.Layer, what string) mutate.Addendum {
		return mutate.Addendum{Layer: layer, MediaType: types.OCILayer,
			History: v1.History{Created: v1.Time{Time: of.created}, CreatedBy: "image/build.sh", Comment: what}}
	}
	image, err = mutate.Append(image, added(base, "certificate authorities and licences"), added(own, "/"+program))
	if err != nil {
		return nil, err
	}
	annotated, ok := mutate.Annotations(image, of.labels()).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("an image with annotations is no image")
	}
	return annotated, nil
}

// writeLayout writes the index with all that it names, once as files and once as one file.
func writeLayout(out string, of release, index v1.ImageIndex) error {
	files := filepath.Join(out, "layout")
	if err := os.RemoveAll(files); err != nil {
		return err
	}
	written, err := layout.Write(files, empty.Index)
	if err != nil {
		return err
	}
	// Its name is known to whoever imports it, and not part of what the digest covers.
	names := map[string]string{
		"org.opencontainers.image.ref.name": of.version,
		"io.containerd.image.name":          of.name + ":" + of.version,
	}
	if err := written.AppendIndex(index, layout.WithAnnotations(names)); err != nil {
		return err
	}
	members, err := below(files, "")
	if err != nil {
		return err
	}
	whole, err := archive(members)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "image.tar"), whole, 0o644)
}
