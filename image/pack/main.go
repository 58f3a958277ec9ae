// Command pack writes what a release consists of, byte for byte the same wherever it runs, and reads the image back.
//
//	pack image    -out DIR -name NAME -version V -revision REV -created SECONDS -licences DIR amd64=FILE [arm64=FILE]
//	pack inspect  [-most BYTES] [-extract DIR] LAYOUT
//	pack archive  -out FILE PATH=FILE...
//	pack licences -out FILE -more DIR METADATA...
//
// image writes an OCI layout DIR/layout, the same as one file DIR/image.tar, and prints the digest of its index.
// inspect checks such a layout and prints what is in it. archive writes a .tar.gz; a PATH that begins with `x:` is
// executable. licences reads what `cargo metadata` wrote. No file that it writes has a time of its own, an owner or
// anything of this machine in it.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("which of image, inspect, archive and licences?"))
	}
	flags := flag.NewFlagSet("pack "+os.Args[1], flag.ExitOnError)
	out := flags.String("out", "", "where to write")
	var run func() error
	switch os.Args[1] {
	case "image":
		var of release
		flags.StringVar(&of.name, "name", "", "the image's name without a tag")
		flags.StringVar(&of.version, "version", "", "its version, which becomes its tag")
		flags.StringVar(&of.revision, "revision", "", "the commit")
		created := flags.Int64("created", 0, "the time of the commit, in seconds since 1970")
		licences := flags.String("licences", "", "a directory whose files become /licenses")
		run = func() error {
			of.created = time.Unix(*created, 0).UTC()
			binaries, err := pairs(flags.Args())
			if err != nil {
				return err
			}
			digest, err := writeImage(*out, of, *licences, binaries)
			if err == nil {
				fmt.Println(digest)
			}
			return err
		}
	case "inspect":
		most := flags.Int64("most", 25<<20, "the most bytes that an image may have, compressed and not")
		extract := flags.String("extract", "", "a directory for the programs, as ARCHITECTURE/trimtab")
		run = func() error {
			if flags.NArg() != 1 {
				return fmt.Errorf("one layout, and not %d", flags.NArg())
			}
			return inspect(os.Stdout, flags.Arg(0), *most, *extract)
		}
	case "archive":
		run = func() error {
			members, err := pairs(flags.Args())
			if err != nil {
				return err
			}
			return writeArchive(*out, members)
		}
	case "licences":
		more := flags.String("more", "", "a directory with texts of what is not a crate")
		run = func() error { return writeLicences(*out, *more, flags.Args()) }
	default:
		fail(fmt.Errorf("%q is none of image, inspect, archive and licences", os.Args[1]))
	}
	_ = flags.Parse(os.Args[2:]) // it exits by itself
	if err := run(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "pack:", err)
	os.Exit(1)
}

// pair is an argument KEY=VALUE.
type pair struct{ key, value string }

func pairs(arguments []string) ([]pair, error) {
	found := make([]pair, 0, len(arguments))
	for _, argument := range arguments {
		key, value, ok := strings.Cut(argument, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("%q is not KEY=FILE", argument)
		}
		found = append(found, pair{key, value})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("nothing is named, as KEY=FILE")
	}
	return found, nil
}
