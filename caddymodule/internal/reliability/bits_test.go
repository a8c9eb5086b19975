package reliability

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamageOnDiskIsNeverSilent changes one bit of a stopped store, or cuts one of
// its files, and starts it: half of the time one that was ended properly, half of
// the time one that was killed.
func TestDamageOnDiskIsNeverSilent(t *testing.T) {
	choose := random(t)
	trials := sized(5, 50, 1000)
	kept := newSample(t)
	var refused, told, whole int
	sofar := newProgress(t, trials, "stores")
	for trial := range trials {
		sofar.reached(trial)
		from := kept.stopped
		if trial%2 == 1 {
			from = kept.killed
		}
		opened := kept.copyOf(from)
		done := damage(t, choose, opened)
		found := kept.open(opened)
		switch fault := found.fault(); {
		case fault != "":
			t.Errorf("trial %d, %s: %s\n%s", trial, done, fault, found)
		case found.refusal != "":
			refused++
		case found.differs():
			told++
		default:
			whole++
		}
		if err := os.RemoveAll(opened); err != nil {
			t.Fatal(err)
		}
	}
	report(t, result{
		Fault: "bits flip, files are cut", How: "one bit or one cut at random in any file of a stopped store, half of them killed before",
		Tried: fmt.Sprintf("%d stores of %d events and %d quarantined requests", trials, len(kept.events), kept.quarantined),
		Found: fmt.Sprintf("%d refused to start or to work, %d told what is missing, %d had lost nothing; no wrong byte delivered", refused, told, whole),
	})
}

// damage changes a bit or cuts a file, and says which. Every other one falls into
// what was written, for most of a file may be empty.
func damage(t *testing.T, choose *rand.Rand, store string) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(store, func(path string, d os.DirEntry, err error) error {
		if info, _ := d.Info(); err == nil && d.Type().IsRegular() && info.Size() > 0 {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := files[choose.IntN(len(files))]
	name, _ := filepath.Rel(store, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := len(data)
	if written := len(strings.TrimRight(string(data), "\x00")); choose.IntN(2) == 0 && written > 0 {
		size = written
	}
	at := choose.IntN(size)
	if choose.IntN(4) == 0 {
		if err := os.Truncate(path, int64(at)); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s cut to %d of %d bytes", name, at, len(data))
	}
	bit := choose.IntN(8)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{data[at] ^ 1<<bit}, int64(at)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s with bit %d of byte %d changed, of %d", name, bit, at, len(data))
}
