package badgerstore

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestWhatNobodyCanActOnIsNoWarning(t *testing.T) {
	var said bytes.Buffer
	var broke error
	l := badgerLog{log: slog.New(slog.NewTextHandler(&said, nil)), broke: func(err error) { broke = err }}
	l.Warningf("%s might be too small. Metrics: %s\n", "Block cache", "hit: 1 miss: 9")
	l.Warningf("Cache life expectancy (in seconds): %+v\n", 2)
	if said.Len() > 0 || broke != nil {
		t.Errorf("said %s, broke by %v", &said, broke)
	}
	l.Warningf("While running doCompact: %v\n", "input/output error")
	if !strings.Contains(said.String(), "level=WARN msg=badger") || broke == nil {
		t.Errorf("said %s, broke by %v", &said, broke)
	}
}
