package reliability

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	lodge "github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/badgerstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
	"github.com/porterslodge/porterslodge/rules"
)

// The times of a life's config.
const (
	lifeFirst, lifeLongest, lifeFor = time.Second, 4 * time.Second, 40 * time.Second
	lifeFinished, lifeStuck         = 90 * time.Second, 3 * time.Minute
	lifeWindow, lifeAge             = 2 * time.Minute, 2 * time.Minute
	lifeLimit                       = 6 // of the quarantine
)

// life is an engine over a store, its backends, and the model of it.
type life struct {
	*model
	t       *testing.T
	choose  *rand.Rand
	path    string
	before  time.Time // the step that runs now
	history []string
	log     bytes.Buffer

	backends  map[string]*piped
	engine    *lodge.Engine
	source    *lodge.Source
	detach    func()
	number    int // of the ids given
	policy    retry.Policy
	retention lodge.Retention
	make      func() (store.Store, error)
}

func newLife(t *testing.T, choose *rand.Rand) *life {
	l := makeLife(t, choose)
	l.open()
	return l
}

func makeLife(t *testing.T, choose *rand.Rand) *life {
	l := &life{
		model: newModel(), t: t, choose: choose, path: t.TempDir(),
		backends:  map[string]*piped{"crm": newPiped(), "billing": newPiped()},
		policy:    retry.Policy{First: lifeFirst, Longest: lifeLongest, For: lifeFor},
		retention: lodge.Retention{Finished: lifeFinished, Stuck: lifeStuck},
	}
	l.make = func() (store.Store, error) {
		return badgerstore.Open(badgerstore.Options{Path: l.path, Reserve: 1, Logger: l.logger()})
	}
	s, err := sender.New("knolyx", sender.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.NewURLToken([]string{"t"})
	if err != nil {
		t.Fatal(err)
	}
	l.source = &lodge.Source{Name: "knolyx", Sender: s, Verifier: v, Dedupe: &lodge.Dedupe{Window: lifeWindow}}
	return l
}

func (l *life) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func (l *life) open() {
	s, err := l.make()
	if err != nil {
		l.t.Fatal(err)
	}
	l.engine = lodge.New(s, l.logger())
	l.detach = l.engine.Attach(l.config())
}

func (l *life) close() {
	l.detach()
	if err := l.engine.Close(); err != nil {
		l.t.Error(err)
	}
}

func (l *life) end() {
	l.close()
	for _, b := range l.backends {
		b.end()
	}
}

// config routes by the first letter of an id: c to the CRM, b to both, n nowhere;
// u is unrouted unless the model is wide, then it goes to billing.
func (l *life) config() *lodge.Config {
	list := []rules.Rule{
		{Name: "crm", When: `id startsWith "c" or id startsWith "b"`, To: []string{"crm"}},
		{Name: "both", When: `id startsWith "b"`, To: []string{"billing"}},
		{Name: "none", When: `id startsWith "n"`, Drop: true},
	}
	if l.wide {
		list = append(list, rules.Rule{Name: "wide", When: `id startsWith "u"`, To: []string{"billing"}})
	}
	set, err := rules.Compile(rules.Config{Rules: list, Backends: []string{"crm", "billing"}})
	if err != nil {
		l.t.Fatal(err)
	}
	c := &lodge.Config{
		Rules: set, Sources: map[string]*lodge.Source{"knolyx": l.source},
		Retention:  l.retention,
		Quarantine: lodge.Quarantine{Age: lifeAge, Limit: lifeLimit},
	}
	for name, b := range l.backends {
		c.Backends = append(c.Backends, &lodge.Backend{Backend: &delivery.Backend{
			Name: name, URL: "http://" + name + "/", Transport: b.transport,
			Retry: l.policy,
		}})
	}
	return c
}

func (l *life) accept(id, token string) lodge.Answer {
	now := clock.Now()
	r := &event.Request{
		Method: http.MethodPut, Header: http.Header{"Content-Type": {"application/json"}}, Received: now.Truncate(time.Millisecond),
		Body: fmt.Appendf(nil, `{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":7},"course":{"id":12}}}`, id),
	}
	a, err := l.engine.Accept(context.Background(), l.source, r, &verify.Request{Header: r.Header, Body: r.Body, Token: token, Now: now})
	if err != nil {
		l.t.Errorf("%s: %v", id, err)
	}
	return a
}

// sights are all events that can be found, the oldest first.
func (l *life) sights() (all []lodge.Sight) {
	for before := uint64(0); ; {
		p, err := l.engine.Find(context.Background(), lodge.Filter{}, before, 1000)
		if err != nil {
			l.t.Error(err)
			return nil
		}
		all = append(all, p.Events...)
		if before = p.Next; before == 0 {
			slices.Reverse(all)
			return all
		}
	}
}

func (l *life) quarantined() []*event.Quarantined {
	qs, err := l.engine.Quarantined(context.Background(), "knolyx", placeZero, 100)
	if err != nil {
		l.t.Error(err)
	}
	return qs
}

// one chooses a sight that fits; nil where none does.
func (l *life) one(fits func(*lodge.Sight) bool) []lodge.Sight {
	all := slices.DeleteFunc(l.sights(), func(s lodge.Sight) bool { return !fits(&s) })
	if len(all) == 0 {
		return nil
	}
	i := l.choose.IntN(len(all))
	return all[i : i+1]
}

func (l *life) act(a lodge.Action, on []lodge.Sight) lodge.Done {
	done, err := l.engine.Act(context.Background(), a, lodge.Filter{}, on)
	if err != nil {
		l.t.Error(err)
	}
	return done
}
