package main

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// executable is the smallest file that is a static program for a machine and lists one crate, or asks for an interpreter.
func executable(t *testing.T, machine elf.Machine, interpreter bool) []byte {
	t.Helper()
	var list bytes.Buffer
	w := zlib.NewWriter(&list)
	fmt.Fprint(w, `{"packages":[{"name":"serde","version":"1.0.0","source":"crates.io"},{"name":"trimtab","version":"0.1.0","source":"local"}]}`)
	_ = w.Close()
	names := []byte("\x00.dep-v0\x00.shstrtab\x00")
	const header, segment, section = 64, 56, 64
	at := uint64(header + segment)
	file := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Phoff: header, Shoff: at, Ehsize: header,
		Phentsize: segment, Phnum: 1, Shentsize: section, Shnum: 3, Shstrndx: 2,
	}
	at += 3 * section
	program := elf.Prog64{Type: uint32(elf.PT_LOAD)}
	if interpreter {
		program.Type = uint32(elf.PT_INTERP)
	}
	sections := []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: at, Size: uint64(list.Len())},
		{Name: 9, Type: uint32(elf.SHT_STRTAB), Off: at + uint64(list.Len()), Size: uint64(len(names))},
	}
	var out bytes.Buffer
	for _, part := range []any{file, program, sections, list.Bytes(), names} {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// write writes files below a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for path, data := range files {
		path = filepath.Join(directory, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// built writes an image of these programs, and gives its directory and its digest.
func built(t *testing.T, amd64, arm64 []byte) (string, v1.Hash) {
	t.Helper()
	out := t.TempDir()
	from := write(t, map[string]string{
		"amd64": string(amd64), "arm64": string(arm64),
		"licences/LICENSE": "Apache", "licences/NOTICE": "Trimtab", "licences/THIRD-PARTY.txt": "All:\n\nserde 1.0.0\n    MIT\n",
	})
	of := release{name: "registry.example/trimtab", version: "0.1.0", revision: "abc", created: time.Unix(1_800_000_000, 0).UTC()}
	digest, err := writeImage(out, of, filepath.Join(from, "licences"),
		[]pair{{"amd64", filepath.Join(from, "amd64")}, {"arm64", filepath.Join(from, "arm64")}})
	if err != nil {
		t.Fatal(err)
	}
	return out, digest
}

func TestTheSameFilesGiveTheSameBytesWhereverTheyAre(t *testing.T) {
	amd64, arm64 := executable(t, elf.EM_X86_64, false), executable(t, elf.EM_AARCH64, false)
	one, digest := built(t, amd64, arm64)
	time.Sleep(1100 * time.Millisecond) // a time of day in it would differ
	two, again := built(t, amd64, arm64)
	if digest != again {
		t.Fatalf("%s and %s", digest, again)
	}
	first, err := os.ReadFile(filepath.Join(one, "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(two, "image.tar"))
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("the archives differ, or %v", err)
	}
	if _, other := built(t, append(bytes.Clone(amd64), 0), arm64); other == digest {
		t.Fatal("another program has the same digest")
	}
}

func TestWhatIsInTheImage(t *testing.T) {
	out, digest := built(t, executable(t, elf.EM_X86_64, false), executable(t, elf.EM_AARCH64, false))
	var said bytes.Buffer
	extracted := t.TempDir()
	if err := inspect(&said, filepath.Join(out, "layout"), 25<<20, extracted); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	for _, expected := range []string{
		"registry.example/trimtab:0.1.0 " + digest.String(), "linux/amd64", "static EM_AARCH64, 1 crates listed",
	} {
		if !strings.Contains(said.String(), expected) {
			t.Errorf("no %q in\n%s", expected, &said)
		}
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		if _, err := os.Stat(filepath.Join(extracted, architecture, "trimtab")); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsWrongWithAnImageIsSaid(t *testing.T) {
	amd64, arm64 := executable(t, elf.EM_X86_64, false), executable(t, elf.EM_AARCH64, false)
	unlisted := bytes.Replace(arm64, []byte(".dep-v0"), []byte(".nothin"), 1)
	cases := []struct {
		says         string
		amd64, arm64 []byte
		most         int64
	}{
		{"linux/arm64: /trimtab: it is for EM_X86_64, and not for EM_AARCH64", amd64, amd64, 25 << 20},
		{"linux/amd64: /trimtab: it is not static", executable(t, elf.EM_X86_64, true), arm64, 25 << 20},
		{"linux/arm64: /trimtab: it does not list what is in it", amd64, unlisted, 25 << 20},
		{"compressed, of 100 at most", amd64, arm64, 100},
	}
	for _, c := range cases {
		out, _ := built(t, c.amd64, c.arm64)
		err := inspect(&bytes.Buffer{}, filepath.Join(out, "layout"), c.most, "")
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q is not said, but %v", c.says, err)
		}
	}
	out, _ := built(t, amd64, arm64)
	blobs, err := filepath.Glob(filepath.Join(out, "layout/blobs/sha256/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		data, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			data[len(data)/2] ^= 1
			if err := os.WriteFile(blob, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := inspect(&bytes.Buffer{}, filepath.Join(out, "layout"), 25<<20, ""); err == nil {
		t.Error("a layer whose digest is wrong is taken")
	}
}

func TestARegistryKeepsTheDigestAndGivesEachNodeItsOwn(t *testing.T) {
	out, digest := built(t, executable(t, elf.EM_X86_64, false), executable(t, elf.EM_AARCH64, false))
	server := httptest.NewServer(registry.New())
	defer server.Close()
	top, err := layout.ImageIndexFromPath(filepath.Join(out, "layout"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := top.ImageIndex(digest)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL, "http://")
	tag, err := name.NewTag(host + "/tools/trimtab:0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	pinned, err := name.NewDigest(host + "/tools/trimtab@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		image, err := remote.Image(pinned, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture}))
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != architecture || config.Config.Labels["org.opencontainers.image.version"] != "0.1.0" {
			t.Errorf("for %s: %+v", architecture, config)
		}
	}
}
