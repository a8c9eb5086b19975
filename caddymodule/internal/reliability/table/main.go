// Command table writes what the reliability tests found into the README that
// publishes it:
//
//	go run ./caddymodule/internal/reliability/table -results FILE -readme FILE -size long -seed 1 -binary FILE
//
// .ci/reliability runs the tests and then this.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run() error {
	results := flag.String("results", "", "the `file` with a line of JSON for each result")
	readme := flag.String("readme", "", "the `file` whose table is replaced")
	binary := flag.String("binary", "", "the `file` that names the versions: Caddy as it was built for the tests")
	var r report
	flag.StringVar(&r.Size, "size", "", "how much was tried")
	flag.StringVar(&r.Seed, "seed", "", "what the random choices began with")
	flag.Parse()
	f, err := os.Open(*results)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	if r.Rows, err = read(f); err != nil {
		return err
	}
	if r.Machine, err = published.ThisMachine(os.TempDir()); err != nil {
		return err
	}
	if r.Versions, err = published.VersionsOf(*binary); err != nil {
		return err
	}
	r.Date = time.Now()
	return published.UpdateReadme(*readme, r.markdown())
}
