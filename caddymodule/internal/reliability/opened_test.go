package reliability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// standing is the status of a running gateway.
type standing struct{ adminapi.Status }

func (g *gateway) standing() (standing, error) {
	s, err := g.api().Status(context.Background())
	return standing{s}, err
}

func (s standing) of(backend string) adminapi.Backend {
	i := slices.IndexFunc(s.Backends, func(b adminapi.Backend) bool { return b.Name == backend })
	if i < 0 {
		return adminapi.Backend{}
	}
	return s.Backends[i]
}

// opened is what was seen of a store that may be damaged.
type opened struct {
	sound  bool // says the doctor
	doctor string
	// refusal is why it doesn't start, or takes nothing.
	refusal string
	errors  string // in the log
	crash   string // the beginning of a Go stack

	missing  []string // events that are nowhere any more, or never arrive
	repeated []string // that were delivered before
	wrong    []string // delivered with other bytes
	// quarantined is how many requests are missing from the quarantine.
	quarantined int
	fresh       string // what became of a new event
}

// open starts a copy of the sample's store, and looks at all of it.
func (s *sample) open(store string) (o *opened) {
	s.t.Helper()
	o = new(opened)
	s.store = store
	for _, name := range []string{"log", "out"} {
		_ = os.Remove(filepath.Join(s.dir, name))
	}
	var err error
	o.doctor, err = s.doctor()
	o.sound = err == nil
	s.backends(http.StatusNoContent, http.StatusNoContent)
	s.launch()
	defer func() {
		s.stop()
		o.read(s.logs())
	}()
	if !s.serves() {
		o.refusal = "it doesn't start"
		return o
	}
	s.settles()
	o.compare(s)
	if o.differs() {
		s.speaks()
	}
	switch status, _ := s.put(`{"id":"f-1","type":"COURSE_COMPLETED"}`, "a-token"); status {
	case http.StatusAccepted:
	case http.StatusServiceUnavailable:
		o.refusal = "it takes nothing"
	default:
		o.fresh = fmt.Sprintf("a new event was answered %d", status)
	}
	return o
}

// serves waits until the admin API knows the gateway; false if the process ends.
func (s *sample) serves() (ok bool) {
	s.until(20*time.Second, "it serves or ends", func() bool {
		_, err := s.standing()
		ok = err == nil
		refused := new(adminapi.Problem)
		return ok || !s.alive() || errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable
	})
	return ok
}

// settles waits until nothing waits any more; what can't be read waits for ever.
func (s *sample) settles() {
	s.eventually(3*time.Second, func() bool {
		st, err := s.standing()
		return err != nil || st.Events.Waiting+st.of("crm").Waiting+st.of("billing").Waiting == 0
	})
}

// speaks waits for an error in the log: older files are looked at after the start.
func (s *sample) speaks() {
	s.eventually(3*time.Second, func() bool { return strings.Contains(s.logs(), `"level":"error"`) })
}

// listed are the events that it tells of, in as many pages as it needs.
func (s *sample) listed() (all []adminapi.Event) {
	for q := (adminapi.Query{Limit: adminapi.MaxPage}); ; {
		page, err := s.api().Events(context.Background(), q)
		if err != nil {
			return all
		}
		all = append(all, page.Events...)
		if q.Before = page.Next; page.Next == 0 {
			return all
		}
	}
}

func (o *opened) compare(s *sample) {
	events := s.listed()
	quarantine, _ := s.api().Quarantine(context.Background(), "knolyx", nil)
	o.quarantined = s.quarantined - len(quarantine.Requests)
	crm, billing := s.crm.got(), s.billing.got()
	for _, id := range s.events {
		listed := slices.ContainsFunc(events, func(e adminapi.Event) bool { return e.ID == id })
		if !listed || id[0] == 'w' && len(billing[id]) == 0 {
			o.missing = append(o.missing, id)
		}
		if len(crm[id]) > 0 || len(billing[id]) > 1 {
			o.repeated = append(o.repeated, id)
		}
	}
	for _, got := range []map[string][][]byte{crm, billing} {
		for _, id := range slices.Sorted(maps.Keys(got)) {
			for _, body := range got[id] {
				if right := s.delivered[id]; right != nil && !bytes.Equal(body, right) || !slices.Contains(s.events, id) {
					o.wrong = append(o.wrong, fmt.Sprintf("%s: %s", id, body))
				}
			}
		}
	}
}

var errorLine = regexp.MustCompile(`(?m)^.*"level":"(error|panic|fatal)".*$`)

func (o *opened) read(logs string) {
	o.errors = strings.Join(errorLine.FindAllString(logs, -1), "\n")
	if at := strings.Index(logs, "\ngoroutine "); at >= 0 {
		o.crash = logs[max(0, at-600):min(len(logs), at+600)]
	}
	if o.refusal != "" && o.errors == "" {
		o.errors = tail(logs, 600)
	}
}

// differs tells that something of the store is no longer there, or comes again.
func (o *opened) differs() bool {
	return len(o.missing)+len(o.repeated) > 0 || o.quarantined != 0
}

// number is how many are missing, in a log or a finding of the doctor's.
var number = regexp.MustCompile(`"(missing|events|steps|found|first|requests|seq)":\d+|[1-9]\d*`)

// fault tells what must never be; "" is nothing.
func (o *opened) fault() string {
	switch {
	case o.crash != "":
		return "it crashed"
	case len(o.wrong) > 0:
		return "wrong bytes were delivered"
	case o.fresh != "":
		return o.fresh
	case o.refusal != "" && o.errors == "":
		return "it refuses and doesn't say why"
	case o.refusal != "":
		return ""
	case o.differs() && !number.MatchString(o.errors):
		return "the log doesn't tell the number of what is missing or repeated"
	case o.differs() && o.sound:
		return "the doctor found it sound"
	}
	return ""
}

func (o *opened) String() string {
	return fmt.Sprintf("refusal %q, missing %v, repeated %v, quarantined %d less, wrong %v, fresh %q\nlog: %s\ncrash: %s\ndoctor: %s",
		o.refusal, o.missing, o.repeated, o.quarantined, o.wrong, o.fresh, o.errors, o.crash, o.doctor)
}
