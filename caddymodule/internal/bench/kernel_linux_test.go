package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sleeper is a process that does nothing.
func sleeper(t *testing.T) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it is killed, as the context is done
	return &process{cmd: cmd}
}

// awaitState waits until the kernel says that a process is in a state.
func awaitState(t *testing.T, p *process, states string) {
	t.Helper()
	for range 1000 {
		stat, err := p.proc("stat")
		if err != nil {
			t.Fatal(err)
		}
		if state := stat[strings.LastIndexByte(stat, ')')+2]; strings.IndexByte(states, state) >= 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the process came to none of the states %s", states)
}

func TestAllAreStoppedButTheOneThatIsMeasured(t *testing.T) {
	measured, other := sleeper(t), sleeper(t)
	b := bench{running: []*process{other, measured}}
	awake, err := b.pauseBut(measured)
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, other, "T")
	awaitState(t, measured, "SR")
	if err := awake(); err != nil {
		t.Fatal(err)
	}
	awaitState(t, other, "SR")
}

func TestWhatAProcessTakesIsKnown(t *testing.T) {
	own, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: &exec.Cmd{Process: own}}
	if bytes, err := p.resident(); err != nil || bytes < 1<<20 || bytes > 1<<32 {
		t.Errorf("%d bytes of memory, %v", bytes, err)
	}
	stop := p.peak()
	before, err := p.usage()
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now.cpu < before.cpu+2*cpuTick; { // as long as it takes
		if now, err = p.usage(); err != nil {
			t.Fatal(err)
		}
	}
	if most := stop(); most < 1<<20 {
		t.Errorf("%d bytes of memory at most", most)
	}
}

func TestHolesTakeNoDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "below", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Write(make([]byte, 256*kib)); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := fdatasync(f); err != nil {
		t.Fatal(err)
	}
	if got, err := diskBytes(dir); err != nil || got < 256*kib || got > 1<<20 {
		t.Errorf("%d bytes, %v", got, err)
	}
}
