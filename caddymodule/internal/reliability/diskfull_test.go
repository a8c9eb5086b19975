package reliability

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAFullDiskStopsNothingButReceiving fills the store's disk to its end by a
// file of somebody else, under load and with a backlog, and frees it again; then
// it starts the server on a full disk.
func TestAFullDiskStopsNothingButReceiving(t *testing.T) {
	t.Run("tmpfs", func(t *testing.T) { fillAndFree(t, "tmpfs", newMemoryDisk(t, t.TempDir())) })
	if *size != "quick" {
		t.Run("ext4", func(t *testing.T) { fillAndFree(t, "ext4", newDisk(t, t.TempDir(), fullDisk).mounted) })
	}
}

// fullDisk is its size in MiB: the reserve, and some files of the journal.
const fullDisk = 512

func newMemoryDisk(t *testing.T, folder string) string {
	t.Helper()
	t.Cleanup(func() { _ = run("umount", folder) })
	needs(t, "mount", run("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=700", fullDisk), "tmpfs", folder))
	return folder
}

func fillAndFree(t *testing.T, name, folder string) {
	p := &powered{choose: random(t)}
	p.hold(t, "7")
	p.g = newGateway(t, p.options())
	t.Cleanup(p.g.kill) // before the disk goes
	p.g.store = filepath.Join(folder, "store")
	p.g.write(p.options())
	if !p.start() {
		t.Fatalf("it doesn't serve:\n%s", tail(p.g.logs(), 4000))
	}
	rounds, longest := sized(1, 3, 20), time.Duration(0)
	for range rounds {
		longest = max(longest, p.fillUnderLoad(folder))
		if t.Failed() {
			break
		}
	}
	if !t.Failed() {
		p.startOnFull(folder)
	}
	repeated, lost := 0, 0
	if p.held.Store(false); p.g.alive() {
		repeated = everythingArrives(t, &p.ledger, p.crm, 2*time.Minute)
		lost = p.missing()
	}
	report(t, result{
		Fault: "disk full: " + name, How: "filled to its end by a file of somebody else under 16 senders and with a backlog, then freed; started when full",
		Tried: fmt.Sprintf("%d times", rounds),
		Found: fmt.Sprintf("503 with Retry-After, another site answered; 2xx again %d ms after it was freed; %d acknowledged, %d lost, %d delivered again", longest.Milliseconds(), len(p.ledger.acknowledged()), lost, repeated),
	})
}

// fillUnderLoad returns how long it took from the freeing to the next 2xx.
func (p *powered) fillUnderLoad(folder string) time.Duration {
	t := p.g.t
	t.Helper()
	senders := beginSending(p.g, &p.ledger, 16)
	time.Sleep(time.Duration(500+p.choose.IntN(500)) * time.Millisecond)
	filler := fill(t, folder)
	if !p.g.eventually(within(5*time.Second), func() bool { return p.g.ready() == http.StatusServiceUnavailable }) {
		t.Errorf("the disk is full and it is still ready")
	}
	refusesAndServesTheRest(t, p.g)
	time.Sleep(time.Duration(sized(1, 3, 10)) * time.Second) // the backlog is tried on, and that is recorded
	refusesAndServesTheRest(t, p.g)
	if !p.g.alive() {
		senders.end()
		return 0
	}
	freed := time.Now()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if !p.g.eventually(within(5*time.Second), func() bool { return senders.since(freed) }) {
		t.Errorf("nothing is accepted after the disk was freed:\n%s", tail(p.g.logs(), 3000))
	}
	took := time.Since(freed)
	senders.end()
	return took
}

// startOnFull starts the server on a full disk, and frees it.
func (p *powered) startOnFull(folder string) {
	t := p.g.t
	t.Helper()
	p.g.kill()
	filler := fill(t, folder)
	p.g.start()
	refusesAndServesTheRest(t, p.g)
	if p.g.ready() != http.StatusServiceUnavailable || !strings.Contains(p.g.logs(), "the gateway waits for room on its disk") {
		t.Errorf("it was started on a full disk and doesn't say so:\n%s", tail(p.g.logs(), 3000))
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if !p.g.eventually(within(5*time.Second), func() bool { return p.g.ready() == http.StatusOK }) {
		t.Errorf("it isn't ready after the disk was freed:\n%s", tail(p.g.logs(), 3000))
	}
}

// fill writes until nothing more fits.
func fill(t *testing.T, folder string) (filler string) {
	t.Helper()
	filler = filepath.Join(folder, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	return filler
}

// since says whether a request that began after a moment got a 2xx.
func (s *sending) since(moment time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.After(moment)
}
