// Command table adds what the reliability tests found to what was found before,
// and writes all of it into the README that publishes it:
//
//	go run ./caddymodule/internal/reliability/table -results FILE -found FILE -readme FILE -size long -seed 1 -binary FILE
//
// .ci/reliability runs the tests and then this.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
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
	found := flag.String("found", "", "the `file` of JSON with what was found before, which is written anew")
	readme := flag.String("readme", "", "the `file` whose table is replaced")
	binary := flag.String("binary", "", "the `file` that names the versions: Caddy as it was built for the tests")
	var of origin
	flag.StringVar(&of.Size, "size", "", "how much was tried")
	flag.StringVar(&of.Seed, "seed", "", "what the random choices began with")
	flag.Parse()
	machine, err := published.ThisMachine(os.TempDir())
	if err != nil {
		return err
	}
	versions, err := published.VersionsOf(*binary)
	if err != nil {
		return err
	}
	of.Date, of.Machine, of.Versions = time.Now().Format(time.DateOnly), machine.String(), versions.String()
	rows, err := foundBefore(*found)
	if err != nil {
		return err
	}
	f, err := os.Open(*results)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	if rows, err = rows.with(f, of); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rows, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(*found, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return published.UpdateReadme(*readme, rows.markdown())
}

func foundBefore(file string) (rows table, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rows, nil
}
