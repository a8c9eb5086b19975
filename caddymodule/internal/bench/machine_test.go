package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheCPUTimeOfAProcessIsReadWhateverItIsCalled(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 150 25 11 12 20 0"
	for _, name := range []string{"(caddy)", "(a) b (c", "(()) 1 2 3)"} {
		got, err := cpuTime("4711 " + name + ")" + rest)
		if err != nil || got != 1750*time.Millisecond {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, stat := range []string{"", "1 (x) S 1", "1 (x) S 1 2 3 4 5 6 7 8 9 10 a 25", "1 (x) S 1 2 3 4 5 6 7 8 9 10 1 a"} {
		if got, err := cpuTime(stat); err == nil {
			t.Errorf("%q: %v", stat, got)
		}
	}
}

func TestTheEndOfALogIsShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	content := strings.Repeat("an old line\n", 5000) + strings.Repeat("new\n", tailLines-1) + "the last\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(tail(file), "\n")
	if len(got) != tailLines || got[0] != "new" || got[tailLines-1] != "the last" {
		t.Errorf("%q", got)
	}
	if got := tail(file + ".none"); !strings.Contains(got, "no such file") {
		t.Errorf("%q", got)
	}
}
