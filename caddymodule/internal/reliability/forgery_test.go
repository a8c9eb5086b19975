package reliability

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// forger sends mutations of a scheme's genuine requests to its source.
type forger struct {
	scheme
	g      *gateway
	wire   *wire
	choose *rand.Rand
	sent   int
	// kept are the ids of the bodies that the second implementation lets pass.
	kept                                            map[string]bool
	passed, turned, challenged, misspelt, different int
	// usual is how a kept request is answered.
	usual answer
}

const fresh, turnedAway, asked, nowhere = "kept", "turned away", "asked for credentials", "sent nowhere"

// TestPromise5And6NoForgeryIsKeptOrAnsweredOtherwise sends each mutation of
// each scheme's genuine requests, and then random heaps of them, through the
// whole server. A second implementation of the schemes says which of them are
// genuine; the gateway must keep those and no others, and answer all the rest
// as it answers what it keeps.
func TestPromise5And6NoForgeryIsKeptOrAnsweredOtherwise(t *testing.T) {
	choose := random(t)
	var mu sync.Mutex
	arrived := make(map[string]bool)
	crm := newBackend(t, func(w http.ResponseWriter, r *http.Request) bool {
		var e struct {
			Data struct{ Original struct{ ID string } }
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &e)
		mu.Lock()
		arrived[e.Data.Original.ID] = true
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
		return true
	})
	g := newGateway(t, "")
	g.writeSite(t, eager(crm.URL)+"\nquarantine 7d 10000000", sourcesOf(schemes()))
	g.start()
	defer g.kill()

	var all sync.WaitGroup
	var forgers []*forger
	for _, s := range schemes() {
		f := &forger{scheme: s, g: g, wire: g.wire(), kept: make(map[string]bool), choose: rand.New(rand.NewPCG(choose.Uint64(), 0))}
		forgers = append(forgers, f)
		all.Go(func() { f.forge(t) })
	}
	all.Wait()
	total, turned, kept := 0, 0, 0
	for _, f := range forgers {
		total, turned, kept = total+f.sent, turned+f.away(), kept+f.passed
		f.countsAgree(t)
		if f.different < 25 {
			t.Errorf("%s: only %d of the mutations are forgeries", f.name, f.different)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for id := range arrived {
		name, _, _ := strings.Cut(id, "~")
		for _, f := range forgers {
			if f.name == name && !f.kept[id] {
				t.Errorf("%s is forged and was delivered", id)
			}
		}
	}
	report(t, result{
		Fault: "forged requests", How: fmt.Sprintf("%d schemes times %d mutations and heaps of them, beside a second implementation", len(forgers), len(mutations(choose))),
		Tried: fmt.Sprintf("%d requests", total),
		Found: fmt.Sprintf("%d forgeries: 0 kept, answered alike; %d genuine ones, all kept", turned, kept),
	})
}

func sourcesOf(all []scheme) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "receive_webhooks /%s/* %s {\n name %s\n dedupe off%s\n}\n", s.name, s.sender, s.name, s.block)
	}
	return b.String()
}

// forge goes through the matrix, and then through heaps of mutations.
func (f *forger) forge(t *testing.T) {
	f.try(t, "as it is")
	for _, m := range mutations(f.choose) {
		turned := f.away()
		spots := f.spots
		if m.body || m.after == nil {
			spots = spots[:1]
		}
		for _, spot := range spots {
			f.try(t, m.name+" of "+spot, at{m, spot})
		}
		if f.away() > turned {
			f.different++
		}
	}
	for range sized(0, 400, 10_000) {
		var heap []at
		for range 1 + f.choose.IntN(3) {
			many := mutations(f.choose)
			heap = append(heap, at{many[f.choose.IntN(len(many))], f.spots[f.choose.IntN(len(f.spots))]})
		}
		f.try(t, fmt.Sprintf("a heap of %d", len(heap)), heap...)
	}
	f.try(t, "as it is")
}

// at is a mutation and where it is done.
type at struct {
	mutation
	spot string
}

// try sends one message and holds the answer against the second implementation.
func (f *forger) try(t *testing.T, what string, heap ...at) {
	m := f.message(heap)
	want := f.verdict(m, time.Now().Unix())
	got, err := f.wire.send(m.wire())
	if err != nil {
		t.Errorf("%s, %s: no answer to %q: %v", f.name, what, m.wire(), err)
		return
	}
	f.sent++
	got = f.plain(t, got, m)
	if f.usual.status == 0 {
		f.usual = got
	}
	switch want {
	case asked:
		f.challenged++
		if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s, %s: answered %v, not 401: %q", f.name, what, got, m.wire())
		}
		return
	case nowhere:
		f.misspelt++
		if got.status != http.StatusNotFound {
			t.Errorf("%s, %s: answered %v, not 404: %q", f.name, what, got, m.wire())
		}
		return
	case fresh:
		f.passed, f.kept[idOf(m.body)] = f.passed+1, true
	case turnedAway:
		f.turned++
	}
	if !reflect.DeepEqual(got, f.usual) {
		t.Errorf("%s, %s: %s answered %v, not %v: %q", f.name, what, want, got, f.usual, m.wire())
	}
}

// message is a genuine request with what the heap makes of it.
func (f *forger) message(heap []at) *message {
	m := &message{
		method: http.MethodPost, path: "/" + f.name,
		header: [][2]string{{"Content-Type", "application/json"}},
		body:   fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","number":17}`, fmt.Sprintf("%s~%08d", f.name, f.sent)),
	}
	s := signing{secret: f.secret, ts: strconv.FormatInt(time.Now().Unix(), 10), id: "msg_" + strconv.Itoa(f.sent), algorithm: "sha256"}
	for _, x := range heap {
		if x.before != nil {
			x.before(&s)
		}
	}
	f.prove(m, s)
	for _, x := range heap {
		if x.after != nil {
			x.after(m, x.spot)
		}
	}
	return m
}

// idOf is the id that a body holds, "" where it can't be read.
func idOf(body string) string {
	var sent struct{ ID string }
	_ = json.Unmarshal([]byte(body), &sent)
	return sent.ID
}

// verdict is what the second implementation makes of a message.
func (f *forger) verdict(m *message, now int64) string {
	switch below := strings.FieldsFunc(m.token, func(c rune) bool { return c == '/' }); {
	case len(below) > 1 && !m.asQuery: // a slash begins another segment, escaped or not
		return nowhere
	case f.genuine(m, now):
		return fresh
	}
	// A challenge is for who sent nothing that is wrong.
	if f.challenges && (noCredentials(m) || basicGenuine(m)) && (f.name != "basic-and-url" || m.token == "" || m.token == aToken) {
		return asked
	}
	return turnedAway
}

var anID = regexp.MustCompile(`^\{"id":"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"\}$`)

// plain is an answer without its date and the id, which must be the request's
// own where the sender has ids, or a new one.
func (f *forger) plain(t *testing.T, a answer, m *message) answer {
	header := maps.Clone(a.header)
	header.Del("Date")
	if length := header.Get("Content-Length"); length != strconv.Itoa(len(a.body)) {
		t.Errorf("%s: a body of %d has the length %s", f.name, len(a.body), length)
	}
	header.Del("Content-Length")
	id := f.ownID(m)
	own, _ := json.Marshal(map[string]string{"id": id})
	if anID.MatchString(a.body) || id != "" && a.body == string(own) {
		return answer{a.status, header, "an id"}
	}
	return answer{a.status, header, a.body}
}

// ownID is the id that a sender gave its event, "" where it gives none.
func (f *forger) ownID(m *message) string {
	switch {
	case f.sender == "knolyx":
		return idOf(m.body)
	case f.id != "":
		return only(m, f.id)
	}
	return ""
}

// away is how many were not kept.
func (f *forger) away() int { return f.turned + f.challenged + f.misspelt }

// countsAgree holds the gateway's own counts against the ledger.
func (f *forger) countsAgree(t *testing.T) {
	got := f.g.counts(t, f.name)
	want := [4]uint64{uint64(f.passed), 0, uint64(f.turned), uint64(f.challenged + f.misspelt)}
	if got != want {
		t.Errorf("%s: new, duplicate, quarantined, refused are %v, not %v", f.name, got, want)
	}
}

// counts are a source's: new, duplicate, quarantined, refused.
func (g *gateway) counts(t *testing.T, source string) [4]uint64 {
	t.Helper()
	var status struct {
		Sources []struct {
			Name                                 string
			New, Duplicate, Quarantined, Refused uint64
		}
	}
	res, err := g.admin.Get("http://admin/webhook_gateway/status")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	for _, s := range status.Sources {
		if s.Name == source {
			return [4]uint64{s.New, s.Duplicate, s.Quarantined, s.Refused}
		}
	}
	return [4]uint64{}
}
