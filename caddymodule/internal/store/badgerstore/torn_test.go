package badgerstore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// logOf is the log of a store that was killed, and where its last transaction
// stands, which takes several sectors. Nearly all behind it is left out.
func logOf(t *testing.T) (data []byte, from, to int) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	keep(t, s, "before", 10)
	must(t, s.Quarantine(ctx, &event.Quarantined{
		ID: "q", Source: "s", Sender: "knolyx", Reason: "none",
		Request: event.Request{Method: "POST", Body: bytes.Repeat([]byte("x"), 2000), Received: start},
	}, 10))
	files, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	must(t, err)
	data, err = os.ReadFile(files[len(files)-1])
	must(t, err)
	to = readLog(data).end
	cut := bytes.Clone(data)
	clear(cut[to-1:])
	if from = readLog(cut).end; to-from < 1024 {
		t.Fatalf("the last transaction stands from %d to %d", from, to)
	}
	return data[:to+logHead], from, to
}

// lossOf is how many steps are lost of a log that is as long as it was made.
func lossOf(data []byte) uint64 {
	found := readLog(data)
	if found.lost == 0 && found.damaged(data, found.written(data), found.last+1) {
		return 1
	}
	return found.lost
}

func TestAnyDamagedBitOfTheLastStepIsTold(t *testing.T) {
	data, from, to := logOf(t)
	if lost := lossOf(data); lost != 0 {
		t.Fatalf("%d lost of a log that is whole", lost)
	}
	for at := from; at < to; at++ {
		bit := byte(1) << (at % 8)
		data[at] ^= bit
		if lost := lossOf(data); lost != 1 {
			t.Errorf("with byte %d of %d to %d damaged, %d steps are told to be lost", at, from, to, lost)
		}
		data[at] ^= bit
	}
}

func TestAStepThatACrashCutShortIsNoDamage(t *testing.T) {
	data, from, to := logOf(t)
	for at := from; at < to-2; at++ { // a kill, as the log was being written up to here
		torn := bytes.Clone(data)
		clear(torn[at:])
		if lost := lossOf(torn); lost != 0 {
			t.Errorf("cut at byte %d of %d to %d, %d steps are told to be lost", at, from, to, lost)
		}
	}
	for at := from; at < to-2; at = at/512*512 + 512 { // power, before this sector was written
		torn := bytes.Clone(data)
		clear(torn[at:min(to, at/512*512+512)])
		if lost := lossOf(torn); lost != 0 {
			t.Errorf("without the sector at byte %d of %d to %d, %d steps are told to be lost", at, from, to, lost)
		}
	}
}
