package badgerstore

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// examined examines a store that is closed, and holds that nothing of it changed.
func examined(t testing.TB, dir string) *Report {
	t.Helper()
	var log logged
	before := fingerprint(t, dir)
	r, err := Examine(ctx, dir, log.logger(), func(string) {})
	must(t, err)
	if after := fingerprint(t, dir); after != before {
		t.Errorf("examining changed\n%s to\n%s", before, after)
	}
	if log.String() != "" && r.Sound() {
		t.Errorf("logged %s", &log)
	}
	return r
}

// fingerprint is of all files in a folder, their content, size and time.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	var out strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data := []byte{}
		if !entry.IsDir() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&out, "%s %d %s %x\n", path, info.Size(), info.ModTime(), sha256.Sum256(data))
		return nil
	}))
	return out.String()
}

// said is what a report says, for a test to look into.
func (r *Report) said() string {
	var out strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&out, "%dx %s (%s)\n", f.Count, f.What, strings.Join(f.Where, "; "))
	}
	return out.String()
}

func mustBeSound(t testing.TB, dir string) *Report {
	t.Helper()
	r := examined(t, dir)
	if !r.Sound() {
		t.Errorf("a sound store has findings:\n%s", r.said())
	}
	return r
}

func TestASoundStoreIsFoundSound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	oneOfEach(t, s)
	crashed := copyOf(t, dir)
	must(t, s.Close())
	for name, dir := range map[string]string{"closed": dir, "crashed": crashed} {
		r := mustBeSound(t, dir)
		if r.Events != 7 || r.Waiting != 2 || r.Deliveries != 2 || r.Quarantined != 1 || r.Files != 1 {
			t.Errorf("%s: found %+v", name, r)
		}
	}
}
