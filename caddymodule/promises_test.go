package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

// Promises 3 and 5 are held in internal/gateway, where counts can be read.

func TestPromise2AGenuineEventGetsA2xxWhateverHappensBehindTheGateway(t *testing.T) {
	crm := newBackend(t)
	crm.Close() // nobody listens there any more
	s := serve(t, eager("crm", crm.URL)+`
rule fails `+"`type == \"course.started\" && int(original.data.user.email) > 0`"+` crm
rule courses `+"`type == \"course.completed\"`"+` crm`, knolyxSite)
	change := func(from, to string) request {
		return with(knolyx("k-2"), func(r *request) { r.body = strings.ReplaceAll(r.body, from, to) })
	}
	for name, r := range map[string]request{
		"the backend is down":    knolyx("k-1"),
		"a rule fails":           change("COMPLETED", "STARTED"),
		"no rule matches":        with(change("COURSE_COMPLETED", "SOMETHING_NEW"), func(r *request) { r.body = strings.Replace(r.body, "k-2", "k-3", 1) }),
		"the payload is cut off": with(knolyx("k-4"), func(r *request) { r.body = r.body[:40] }),
		"the payload is empty":   with(knolyx("k-5"), func(r *request) { r.body = "" }),
		"it is of another shape": with(knolyx("k-6"), func(r *request) { r.body = `[{"id":"k-6"}]` }),
	} {
		t.Run(name, func(t *testing.T) {
			if res := s.send(r); res.status != http.StatusAccepted {
				t.Errorf("answered %d %s", res.status, res.body)
			}
			if res := s.send(r); res.status != http.StatusOK {
				t.Errorf("the repeat was answered %d %s", res.status, res.body)
			}
		})
	}
}

func TestPromise6AForgedRequestIsAnsweredLikeAGenuineOne(t *testing.T) {
	s := serve(t, "", answersSite)
	for name, pair := range map[string][2]request{
		"wrong token": {forged(knolyx("k-1")), knolyx("k-1")},
		"no token":    {with(knolyx("k-2"), func(r *request) { delete(r.header, "X-Webhook-Security-Token") }), knolyx("k-2")},
		"empty token": {with(knolyx("k-3"), func(r *request) { r.header["X-Webhook-Security-Token"] = "" }), knolyx("k-3")},
	} {
		t.Run(name, func(t *testing.T) {
			fake, genuine := s.send(pair[0]), s.send(pair[1])
			if fake.status != genuine.status || fake.body != genuine.body {
				t.Errorf("forged: %d %s, genuine: %d %s", fake.status, fake.body, genuine.status, genuine.body)
			}
			fake.header.Del("Date")
			genuine.header.Del("Date")
			for header := range genuine.header {
				if fake.header.Get(header) != genuine.header.Get(header) {
					t.Errorf("%s: %q and %q", header, fake.header.Get(header), genuine.header.Get(header))
				}
			}
			if len(fake.header) != len(genuine.header) {
				t.Errorf("forged: %v, genuine: %v", fake.header, genuine.header)
			}
		})
	}
}
