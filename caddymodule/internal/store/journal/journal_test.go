package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record is what stands under a number in these tests.
func record(number uint64) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("<%d>", number)), int(number%7)+1)
}

// open opens a journal whose files hold a few records each, without problems.
func open(t testing.TB, folder string, newest uint64) *Journal {
	t.Helper()
	j, problems, err := Open(folder, newest, Options{FileSize: 400})
	must(t, err)
	for _, p := range problems {
		t.Errorf("problem: %+v", p)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// fill appends batches of the given sizes.
func fill(t testing.TB, j *Journal, batches ...int) {
	t.Helper()
	for _, n := range batches {
		var all [][]byte
		next := j.Next()
		for i := range n {
			all = append(all, record(next+uint64(i)))
		}
		first, err := j.Append(all)
		must(t, err)
		if first != next {
			t.Fatalf("they begin with %d, want %d", first, next)
		}
	}
}

// holds tells how many of the records up to last are there, each as it was written.
func holds(t testing.TB, j *Journal, last uint64) (n int) {
	t.Helper()
	for number := uint64(1); number <= last; number++ {
		got, err := j.Read(number)
		switch {
		case err == nil && bytes.Equal(got, record(number)):
			n++
		case err == nil:
			t.Errorf("record %d reads %q", number, got)
		case !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotFound):
			t.Errorf("record %d: %v", number, err)
		}
	}
	return n
}

func TestEveryRecordIsReadAsItWasAppended(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, 0)
	fill(t, j, 1, 5, 1, 30, 2)
	if n := holds(t, j, 39); n != 39 {
		t.Errorf("%d of 39 are there", n)
	}
	must(t, j.Close())
	j = open(t, folder, 39)
	fill(t, j, 3)
	if n := holds(t, j, 42); n != 42 {
		t.Errorf("%d of 42 are there after opening it again", n)
	}
	for _, number := range []uint64{0, 43, 1 << 60} {
		if _, err := j.Read(number); !errors.Is(err, ErrNotFound) {
			t.Errorf("record %d: %v", number, err)
		}
	}
}

func TestACrashLosesNothingThatWasAppended(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, 0)
	fill(t, j, 4, 1, 9, 2)
	crashed := filepath.Join(t.TempDir(), "journal")
	must(t, os.CopyFS(crashed, os.DirFS(folder)))
	again := open(t, crashed, 0)
	if n := holds(t, again, 16); n != 16 || again.Next() != 17 {
		t.Errorf("%d of 16 are there, the next is %d", n, again.Next())
	}
}

func TestANumberThatTheCallerKnowsIsNotGivenAgain(t *testing.T) {
	j := open(t, t.TempDir(), 7)
	if fill(t, j, 2); holds(t, j, 9) != 2 {
		t.Error("the new records aren't 8 and 9")
	}
}

func TestARecordLargerThanAFileGetsOneOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, 0)
	fill(t, j, 1)
	large := bytes.Repeat([]byte("x"), 5000)
	number, err := j.Append([][]byte{large})
	must(t, err)
	fill(t, j, 1)
	must(t, j.Close())
	j = open(t, folder, 3)
	if got, err := j.Read(number); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestAFileIsRemovedWhole(t *testing.T) {
	j := open(t, t.TempDir(), 0)
	fill(t, j, 5, 5, 5, 5, 5, 5)
	span, ok := j.FileOf(1)
	if !ok || span.First != 1 || span.End <= 5 {
		t.Fatalf("record 1 is in %+v", span)
	}
	must(t, j.Remove(1))
	if n := holds(t, j, 30); n != 30-int(span.End-span.First) {
		t.Errorf("%d are left of 30 without %+v", n, span)
	}
	last := j.files[len(j.files)-1].first
	if err := j.Remove(last); !errors.Is(err, ErrNotFound) {
		t.Errorf("the file that is written to: %v", err)
	}
}

func TestNothingIsAppendedAfterAFailedSync(t *testing.T) {
	folder := t.TempDir()
	fails := false
	j, _, err := Open(folder, 0, Options{Sync: func(f *os.File) error {
		if fails {
			return errors.New("input/output error")
		}
		return f.Sync()
	}})
	must(t, err)
	fill(t, j, 3)
	fails = true
	if _, err := j.Append([][]byte{record(4)}); !errors.Is(err, ErrFailed) {
		t.Errorf("got %v", err)
	}
	fails = false
	if _, err := j.Append([][]byte{record(4)}); !errors.Is(err, ErrFailed) {
		t.Errorf("tried again: %v", err)
	}
	if _, err := j.Read(4); !errors.Is(err, ErrNotFound) {
		t.Errorf("what failed is read: %v", err)
	}
	must(t, j.Close())
	if n := holds(t, open(t, folder, 0), 3); n != 3 {
		t.Errorf("%d of 3 are there", n)
	}
}

// TestAWriteThatFailsMayBeTriedAgain closes the file under the journal, so that
// a write to it fails as on a full disk.
func TestAWriteThatFailsMayBeTriedAgain(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, 0)
	fill(t, j, 2)
	whole := j.writing.handle
	readOnly, err := os.Open(j.writing.path)
	must(t, err)
	j.writing.handle = readOnly
	if _, err := j.Append([][]byte{record(3)}); err == nil {
		t.Fatal("it was appended to a file that can't be written")
	}
	must(t, whole.Close())
	if holds(t, j, 3) != 2 {
		t.Error("what was appended before is lost, or what failed is there")
	}
}

func TestReadersSeeWhatWasAppendedWhileOthersAppend(t *testing.T) {
	j := open(t, t.TempDir(), 0)
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				last := j.Next() - 1
				if n := holds(t, j, last); n != int(last) {
					t.Errorf("%d of %d are there", n, last)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 40 {
		fill(t, j, 3, 1)
	}
	close(done)
	all.Wait()
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			j, _, err := Open(b.TempDir(), 0, Options{})
			must(b, err)
			defer func() { must(b, j.Close()) }()
			batch := make([][]byte, n)
			for i := range batch {
				batch[i] = bytes.Repeat([]byte("x"), 1<<10)
			}
			b.SetBytes(int64(n) << 10)
			for b.Loop() {
				if _, err := j.Append(batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
