package journal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// crash copies a journal that is still open, and returns the copy's last file.
func crash(t *testing.T, folder string) (copied, last string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), "journal")
	must(t, os.CopyFS(copied, os.DirFS(folder)))
	names, err := filepath.Glob(filepath.Join(copied, "*"))
	must(t, err)
	return copied, names[len(names)-1]
}

// change rewrites a file.
func change(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, f(data), 0o600))
}

// frames are where the records begin that stand in a file.
func frames(t testing.TB, path string) (at []uint32, end int64) {
	t.Helper()
	first, err := numberOf(path)
	must(t, err)
	f := &file{path: path, first: first}
	data, err := os.ReadFile(path)
	must(t, err)
	f.scan(data)
	return f.places, f.size
}

func opened(t *testing.T, folder string) (*Journal, []Problem) {
	t.Helper()
	j, problems, err := Open(folder, 0, Options{})
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	return j, problems
}

func newFilled(t *testing.T, batches ...int) string {
	t.Helper()
	folder := t.TempDir()
	j, _, err := Open(folder, 0, Options{FileSize: 1 << 12})
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	fill(t, j, batches...)
	return folder
}

func TestABatchThatACrashCutShortIsNoDamage(t *testing.T) {
	folder := newFilled(t, 3, 4)
	_, last := crash(t, folder)
	at, end := frames(t, last)
	for cut := int64(at[3]); cut < end; cut += 7 {
		copied, last := crash(t, folder)
		change(t, last, func(data []byte) []byte {
			clear(data[cut:])
			return data
		})
		j, problems := opened(t, copied)
		if len(problems) > 0 {
			t.Fatalf("cut at %d: %+v", cut, problems)
		}
		if n := holds(t, j, 7); n < 3 || n != int(j.Next())-1 {
			t.Errorf("cut at %d: %d are there, the next is %d", cut, n, j.Next())
		}
	}
}

// TestABatchWithoutItsBeginningIsNoDamage: a disk writes in any order.
func TestABatchWithoutItsBeginningIsNoDamage(t *testing.T) {
	copied, last := crash(t, newFilled(t, 3, 4))
	at, _ := frames(t, last)
	change(t, last, func(data []byte) []byte {
		clear(data[at[3]:at[5]])
		return data
	})
	j, problems := opened(t, copied)
	if len(problems) > 0 || holds(t, j, 7) != 3 || j.Next() != 4 {
		t.Errorf("%+v, the next is %d", problems, j.Next())
	}
}

func TestADamagedRecordIsReportedAndHidesNoOther(t *testing.T) {
	folder := newFilled(t, 3, 4, 2)
	_, last := crash(t, folder)
	at, _ := frames(t, last)
	for lost := uint64(1); lost <= 7; lost++ {
		for _, offset := range []uint32{0, 4, 8, 16, frameBytes} {
			copied, last := crash(t, folder)
			change(t, last, func(data []byte) []byte {
				data[at[lost-1]+offset] ^= 0x10
				return data
			})
			j, problems := opened(t, copied)
			if len(problems) != 1 || problems[0].First != lost || problems[0].Last != lost {
				t.Errorf("record %d, byte %d: %+v", lost, offset, problems)
			}
			if n := holds(t, j, 9); n != 8 || j.Next() != 10 {
				t.Errorf("record %d, byte %d: %d of 8 are there, the next is %d", lost, offset, n, j.Next())
			}
		}
	}
}

func TestAFileThatWasCutIsReported(t *testing.T) {
	folder := newFilled(t, 3, 4)
	_, last := crash(t, folder)
	_, end := frames(t, last)
	for _, size := range []int64{end + 100, end, end - 5, int64(headBytes) + 60} {
		copied, last := crash(t, folder)
		must(t, os.Truncate(last, size))
		if _, problems := opened(t, copied); len(problems) == 0 {
			t.Errorf("cut to %d bytes of %d: nobody said so", size, end)
		}
	}
}

func TestADamagedHeadOrTableLosesNothing(t *testing.T) {
	for _, where := range []int{0, 9, -1, -10, -20} {
		folder := newFilled(t, 3, 4)
		copied, last := crash(t, folder)
		if where < 0 {
			j, _ := opened(t, copied) // which writes the table
			must(t, j.Close())
		}
		change(t, last, func(data []byte) []byte {
			data[(where+len(data))%len(data)] ^= 1
			return data
		})
		j, problems := opened(t, copied)
		if len(problems) == 0 || holds(t, j, 7) != 7 {
			t.Errorf("byte %d: %+v", where, problems)
		}
	}
}

func TestAFileMadeJustBeforeACrashIsRemoved(t *testing.T) {
	for _, size := range []int{0, 5, 4096} {
		copied, _ := crash(t, newFilled(t, 3))
		path := pathOf(copied, 4)
		must(t, os.WriteFile(path, make([]byte, size), 0o600))
		j, problems := opened(t, copied)
		if _, err := os.Stat(path); err == nil || len(problems) > 0 || holds(t, j, 3) != 3 {
			t.Errorf("%d bytes: %+v, %v", size, problems, err)
		}
	}
}

func TestVerifyFindsEveryDamagedRecord(t *testing.T) {
	copied, last := crash(t, newFilled(t, 3, 4))
	at, _ := frames(t, last)
	j, _ := opened(t, copied)
	change(t, last, func(data []byte) []byte {
		data[at[1]+frameBytes] ^= 1
		data[at[6]+frameBytes] ^= 1
		return data
	})
	problems, err := j.Verify(1)
	must(t, err)
	var lost []uint64
	for _, p := range problems {
		for number := p.First; number <= p.Last; number++ {
			lost = append(lost, number)
		}
	}
	if !slices.Equal(lost, []uint64{2, 7}) {
		t.Errorf("lost are %d of %+v", lost, problems)
	}
	if n := holds(t, j, 7); n != 5 {
		t.Errorf("%d of the other 5 are there", n)
	}
}

func TestAStrangersFileIsRefused(t *testing.T) {
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "notes.journal"), nil, 0o600))
	if _, _, err := Open(folder, 0, Options{}); err == nil {
		t.Error("it was opened")
	}
}

// FuzzOpen gives Open a file of any bytes: what can be read afterwards is what
// its checksum says, and a second opening finds the same.
func FuzzOpen(f *testing.F) {
	folder := f.TempDir()
	j := open(f, folder, 0)
	fill(f, j, 2, 1, 3)
	must(f, j.Close())
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	must(f, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		must(f, err)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add(appendFrame(make([]byte, headBytes), 1, 0, []byte("one")))
	only := f.TempDir() // there is never but one file in it: a new one each time is slow
	f.Fuzz(func(t *testing.T, data []byte) {
		must(t, os.WriteFile(pathOf(only, 1), data, 0o600))
		first, _, err := Open(only, 0, Options{})
		must(t, err)
		second, problems, err := Open(only, 0, Options{})
		must(t, err)
		if len(problems) > 0 || first.Next() != second.Next() {
			t.Errorf("the second opening: %+v, next %d, then %d", problems, first.Next(), second.Next())
		}
		for number := range first.Next() {
			a, errA := first.Read(number)
			b, errB := second.Read(number)
			if string(a) != string(b) || (errA == nil) != (errB == nil) {
				t.Errorf("record %d: %q, %v, then %q, %v", number, a, errA, b, errB)
			}
		}
	})
}
