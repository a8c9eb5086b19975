package badgerstore

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAnEventThatCantBeReadJustNowIsNotTakenForLost stands in for a process without a
// free file descriptor: a link to itself can't be opened either.
func TestAnEventThatCantBeReadJustNowIsNotTakenForLost(t *testing.T) {
	path := t.TempDir()
	s := open(t, Options{Path: path})
	keep(t, s, "whole", 10)
	must(t, s.Close())
	s = open(t, Options{Path: path}) // which holds it in memory no more
	s.aside.Wait()
	files, err := filepath.Glob(filepath.Join(path, journalFolder, "*"))
	must(t, err)
	must(t, os.Rename(files[0], path+"-away"))
	must(t, os.Symlink(files[0], files[0]))
	if evs, err := s.Waiting(ctx, 0, 9); err == nil {
		t.Errorf("it gave %+v", evs)
	}
	must(t, os.Remove(files[0]))
	must(t, os.Rename(path+"-away", files[0]))
	if evs, err := s.Waiting(ctx, 0, 9); err != nil || len(evs) != 1 || evs[0].ID != "whole" {
		t.Errorf("then %+v, %v", evs, err)
	}
}
