package main

import (
	"archive/tar"
	"bytes"
	"compress/zlib"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// inspect checks a layout: its digests, and of each image the size, the configuration and the files. It says what it saw.
func inspect(say io.Writer, path string, most int64, extract string) error {
	top, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return err
	}
	names, err := top.IndexManifest()
	if err != nil {
		return err
	}
	if len(names.Manifests) != 1 {
		return fmt.Errorf("%s: %d images are named, and not one", path, len(names.Manifests))
	}
	index, err := top.ImageIndex(names.Manifests[0].Digest)
	if err != nil {
		return err
	}
	if err := validate.Index(index); err != nil {
		return err
	}
	fmt.Fprintf(say, "%s %s\n", names.Manifests[0].Annotations["io.containerd.image.name"], names.Manifests[0].Digest)
	manifests, err := index.IndexManifest()
	if err != nil {
		return err
	}
	var wrong []error
	for _, manifest := range manifests.Manifests {
		image, err := index.Image(manifest.Digest)
		if err != nil {
			return err
		}
		of := manifest.Platform.Architecture
		if err := inspectImage(say, image, of, most, extract); err != nil {
			wrong = append(wrong, fmt.Errorf("linux/%s: %w", of, err))
		}
	}
	return errors.Join(wrong...)
}

func inspectImage(say io.Writer, image v1.Image, architecture string, most int64, extract string) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	got := fmt.Sprint(config.OS, config.Architecture, config.Config.User, config.Config.Entrypoint, config.Config.Cmd)
	if want := fmt.Sprint("linux", architecture, user, []string{"/" + program}, []string{"controller"}); got != want {
		return fmt.Errorf("its configuration is %s, and not %s", got, want)
	}
	small, large, err := sizes(image)
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	const mib = 1 << 20
	fmt.Fprintf(say, "linux/%-5s %s %.2f MiB compressed, %.2f MiB uncompressed\n", architecture, digest,
		float64(small)/mib, float64(large)/mib)
	if small > most { // what is pulled, and what registries show
		return fmt.Errorf("%d bytes compressed, of %d at most", small, most)
	}
	files, err := filesOf(image)
	if err != nil {
		return err
	}
	trusted := 0
	for rest := files[authorities].data; ; trusted++ {
		block, left := pem.Decode(rest)
		if block == nil {
			break
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("/%s: %w", authorities, err)
		}
		rest = left
	}
	if trusted < 100 {
		return fmt.Errorf("/%s has %d certificates", authorities, trusted)
	}
	for _, name := range []string{"LICENSE", "NOTICE", "THIRD-PARTY.txt"} {
		if len(files[licences+"/"+name].data) == 0 {
			return fmt.Errorf("no /%s/%s", licences, name)
		}
	}
	if mode := files[program].mode & 0o777; mode != 0o755 {
		return fmt.Errorf("/%s has the mode %o", program, mode)
	}
	packages, err := inspectProgram(files[program].data, machines[architecture])
	if err != nil {
		return fmt.Errorf("/%s: %w", program, err)
	}
	listed := files[licences+"/THIRD-PARTY.txt"].data
	for _, crate := range packages {
		if !bytes.Contains(listed, []byte("\n"+crate+"\n")) {
			return fmt.Errorf("/%s/THIRD-PARTY.txt does not list %s", licences, crate)
		}
	}
	fmt.Fprintf(say, "            static %s, %d crates listed in it, %d certificate authorities, %d files\n",
		machines[architecture], len(packages), trusted, len(files))
	if extract == "" {
		return nil
	}
	to := filepath.Join(extract, architecture)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, program), files[program].data, 0o755)
}

// sizes are what a registry keeps of an image, and what it takes on a node.
func sizes(image v1.Image) (small, large int64, err error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, 0, err
	}
	if small, err = image.Size(); err != nil {
		return 0, 0, err
	}
	small += manifest.Config.Size
	layers, err := image.Layers()
	if err != nil {
		return 0, 0, err
	}
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return 0, 0, err
		}
		unpacked, err := layer.Uncompressed()
		if err != nil {
			return 0, 0, err
		}
		count, err := io.Copy(io.Discard, unpacked)
		if err := errors.Join(err, unpacked.Close()); err != nil {
			return 0, 0, err
		}
		small, large = small+size, large+count
	}
	return small, large, nil
}

// filesOf are the regular files of an image by their path, without times.
func filesOf(image v1.Image) (map[string]member, error) {
	flat := mutate.Extract(image)
	defer flat.Close()
	files := map[string]member{}
	for r := tar.NewReader(flat); ; {
		header, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.ModTime.Unix() != 0 || header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			return nil, fmt.Errorf("/%s has a time or an owner", header.Name)
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[header.Name] = member{header.Name, header.Mode, data}
	}
}

// inspectProgram checks that a program needs nothing beside it, and gives the crates that it says are in it, as
// `NAME VERSION`.
func inspectProgram(data []byte, machine elf.Machine) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if file.Machine != machine {
		return nil, fmt.Errorf("it is for %s, and not for %s", file.Machine, machine)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return nil, errors.New("it is not static: it asks for an interpreter")
		}
	}
	if needed, err := file.ImportedLibraries(); err == nil && len(needed) > 0 {
		return nil, fmt.Errorf("it is not static: it needs %v", needed)
	}
	// https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md
	section := file.Section(".dep-v0")
	if section == nil {
		return nil, errors.New("it does not list what is in it: no section .dep-v0")
	}
	packed, err := section.Data()
	if err != nil {
		return nil, err
	}
	unpacked, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var list struct {
		Packages []struct{ Name, Version, Source, Kind string }
	}
	if err := json.NewDecoder(unpacked).Decode(&list); err != nil {
		return nil, err
	}
	var crates []string
	for _, crate := range list.Packages {
		if crate.Source != "local" && crate.Kind != "build" {
			crates = append(crates, crate.Name+" "+crate.Version)
		}
	}
	slices.Sort(crates)
	return slices.Compact(crates), nil
}
