package reliability

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// TestPromise1NothingAcknowledgedIsLostInAPowerCut cuts the power of the disk
// again and again, a hundred times on one and the same store: each second time just
// when Badger changes its memtable, writes a table, or the server is reloaded.
func TestPromise1NothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	cuts, choose := sized(1, 25, 1000), random(t)
	const each = 100 // then another store begins
	var all survived
	for done := 0; done < cuts && !t.Failed(); done += each {
		all.add(survive(t, choose, min(each, cuts-done)))
		t.Logf("%d cuts: %s", min(done+each, cuts), &all)
	}
	report(t, result{
		Fault: "power fails", How: "the ext4 of the store shut down without a flush, under 32 senders, a hundred times a store; half of the cuts at a new memtable, a new table or a reload",
		Tried: fmt.Sprintf("%d cuts, %d at a new memtable, %d at a new table, %d at a reload", cuts, all.aimed[0], all.aimed[1], all.aimed[2]),
		Found: all.String(),
	})
}

// survive cuts the power of one store so many times, and looks for what is there then.
func survive(t *testing.T, choose *rand.Rand, cuts int) survived {
	t.Helper()
	p := newPowered(t, choose, "")
	defer p.remove()
	for cut := range cuts {
		if !p.cut(cut) {
			t.Errorf("it didn't serve again after cut %d:\n%s", cut+1, tail(p.g.logs(), 4000))
			break
		}
	}
	p.held.Store(false)
	repeated := everythingArrives(t, &p.ledger, p.crm, 2*time.Minute)
	p.tellOfMissing()
	p.g.stop()
	if found, err := p.g.doctor(); err != nil {
		t.Errorf("the store isn't whole after the cuts: %v\n%s", err, found)
	}
	return survived{len(p.ledger.acknowledged()), p.missing(), repeated, p.aimed}
}

// survived is what was there after the cuts.
type survived struct {
	acknowledged, lost, repeated int
	// aimed counts the cuts at a new memtable, a new table and a reload.
	aimed [3]int
}

func (s *survived) add(more survived) {
	s.acknowledged += more.acknowledged
	s.lost += more.lost
	s.repeated += more.repeated
	for i, n := range more.aimed {
		s.aimed[i] += n
	}
}

func (s *survived) String() string {
	return fmt.Sprintf("%d acknowledged, %d lost, %d delivered again with the same key", s.acknowledged, s.lost, s.repeated)
}

// TestAPowerCutIsFeltWithoutSyncs is the proof that the test above can fail: it
// runs a build that leaves out the syncs, which must lose something.
func TestAPowerCutIsFeltWithoutSyncs(t *testing.T) {
	if *size == "quick" {
		t.Skip("it takes another build; run it by -size ci")
	}
	p := newPowered(t, random(t), "unsynced")
	again := true
	for cut := 0; cut < 5 && again; cut++ {
		again = p.cut(cut)
	}
	p.held.Store(false)
	if again {
		p.drain()
	}
	lost := p.missing()
	if lost == 0 {
		t.Errorf("%d acknowledged without a sync and none lost: the cut cuts nothing", len(p.ledger.acknowledged()))
	}
	report(t, result{
		Fault: "power fails, negative control", How: "the same with a build that leaves out the syncs", Tried: "5 cuts",
		Found: fmt.Sprintf("%d acknowledged, %d lost, as must be", len(p.ledger.acknowledged()), lost),
	})
}

// powered is a gateway whose store is on a disk that loses its power.
type powered struct {
	g      *gateway
	disk   *disk
	crm    *backendLedger
	ledger senderLedger
	choose *rand.Rand
	// held: the backend fails for some events, so that the store has more to lose.
	held  atomic.Bool
	aimed [3]int
}

func newPowered(t *testing.T, choose *rand.Rand, tags string) *powered {
	t.Helper()
	p := &powered{choose: choose}
	p.hold(t, "02468") // so often that it is taken for down and gets nothing at all
	p.disk = newDisk(t, t.TempDir(), 2048)
	p.g = newGateway(t, p.options())
	t.Cleanup(p.g.kill) // before the disk goes
	p.g.tags, p.g.store = tags, filepath.Join(p.disk.mounted, "store")
	p.g.write(p.options())
	if !p.start() {
		t.Fatalf("it doesn't serve:\n%s", tail(p.g.logs(), 4000))
	}
	return p
}

// hold makes the backend, which fails for events whose ids end with some digits.
func (p *powered) hold(t *testing.T, digits string) {
	p.held.Store(true)
	p.crm = newBackend(t, func(w http.ResponseWriter, r *http.Request) bool {
		key := r.Header.Get("Idempotency-Key")
		if !p.held.Load() || !strings.Contains(digits, key[len(key)-1:]) {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
}

// remove ends the gateway, and gives back the room of its disk.
func (p *powered) remove() {
	p.g.kill()
	p.disk.remove()
}

func (p *powered) options() string {
	return strings.ReplaceAll(eager(p.crm.URL), "20ms 100ms", "1s 5s")
}

func (p *powered) start() bool {
	p.g.launch()
	return p.g.eventually(30*time.Second, func() bool { return !p.g.alive() || p.g.ready() == http.StatusOK }) && p.g.alive()
}

// cut sends, cuts the power, and starts again. It says whether it serves then.
func (p *powered) cut(number int) (again bool) {
	senders := beginSending(p.g, &p.ledger, 32)
	if number%2 == 0 {
		time.Sleep(time.Duration(20+p.choose.IntN(600)) * time.Millisecond)
	} else {
		p.aim(number / 2 % 3)
	}
	// A sync that is under way may yet return without an error: what ext4 can't
	// note of it any more, it doesn't tell. With the power that answer is gone too.
	p.ledger.deaf.Store(true)
	if err := p.disk.cutPower(); err != nil {
		p.g.t.Fatal(err)
	}
	p.g.kill()
	senders.end()
	p.ledger.deaf.Store(false)
	if err := p.disk.powerUp(); err != nil {
		p.g.t.Fatal(err)
	}
	return p.start()
}

// drain returns when the backend gets nothing more: what came last is there, and
// for some time nothing else.
func (p *powered) drain() {
	p.ledger.send(p.g, "the-last")
	p.g.until(time.Minute, "the last event is delivered", func() bool { return len(p.crm.delivered()["the-last"]) > 0 })
	for before := -1; p.missing() != before; time.Sleep(10 * time.Second) {
		before = p.missing()
	}
}

// aim waits for a moment in which much is under way.
func (p *powered) aim(at int) {
	if at == 2 {
		go func() { _ = p.g.reload() }()
		time.Sleep(time.Duration(p.choose.IntN(30)) * time.Millisecond)
		p.aimed[at]++
		return
	}
	names := filepath.Join(p.g.store, []string{"*.mem", "*.sst"}[at])
	before := newest(names)
	if p.g.eventually(20*time.Second, func() bool { return newest(names) > before }) {
		p.aimed[at]++
	}
	time.Sleep(time.Duration(p.choose.IntN(5)) * time.Millisecond)
}

func newest(pattern string) string {
	names, _ := filepath.Glob(pattern)
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// tellOfMissing says what the gateway has of acknowledged events that never came.
func (p *powered) tellOfMissing() {
	p.g.t.Helper()
	got, told := p.crm.delivered(), 0
	for id := range p.ledger.acknowledged() {
		if len(got[id]) > 0 || told == 5 {
			continue
		}
		told++
		page, err := p.g.api().Events(context.Background(), adminapi.Query{Filter: adminapi.Filter{ID: id}, Limit: 1})
		p.g.t.Logf("%s was answered %d; the gateway has %+v %v", id, p.ledger.answers[id], page.Events, err)
		for _, e := range page.Events {
			shown, err := p.g.api().Show(context.Background(), e.Seq)
			p.g.t.Logf("  %+v %v", shown.Deliveries, err)
		}
	}
	if told > 0 {
		status, err := p.g.api().Status(context.Background())
		p.g.t.Logf("%+v %v", status, err)
	}
}

// missing is how many acknowledged events the backend hasn't got.
func (p *powered) missing() (n int) {
	got := p.crm.delivered()
	for id := range p.ledger.acknowledged() {
		if len(got[id]) == 0 {
			n++
		}
	}
	return n
}
