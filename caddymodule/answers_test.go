package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// answersSite has a source for each row of the table of answers.
const answersSite = `
receive_webhooks /knolyx knolyx {
	token a-token
}
receive_webhooks /rejecting knolyx {
	name rejecting
	token a-token
	unverified reject
}
receive_webhooks /ok knolyx {
	name ok
	token a-token
	respond 200
}
receive_webhooks /small knolyx {
	name small
	token a-token
	max_body 100
}
receive_webhooks /synap/* synap {
	basic_auth school a-password
}
receive_webhooks /edvisor/* edvisor {
	url_token a-url-token
}
`

func with(r request, change func(*request)) request {
	header := make(map[string]string)
	for name, value := range r.header {
		header[name] = value
	}
	r.header = header
	change(&r)
	return r
}

func forged(r request) request {
	return with(r, func(r *request) { r.header["X-Webhook-Security-Token"] = "another" })
}

func TestEachCaseIsAnsweredAsTheTableSays(t *testing.T) {
	s := serve(t, "quarantine 7d 2", answersSite)
	at := func(path string) func(*request) { return func(r *request) { r.path = path } }
	basic := func(r *request) { r.path, r.method = "/synap/exam.completed", http.MethodPost }

	cases := []struct {
		name   string
		send   request
		status int
		header map[string]string
		body   string // a part of it
	}{
		{"new", knolyx("k-1"), 202, nil, `{"id":"k-1"}`},
		{"duplicate", knolyx("k-1"), 200, nil, `{"id":"k-1","duplicate":true}`},
		{"another answer for new", with(knolyx("k-1"), at("/ok")), 200, nil, `{"id":"k-1"}`},
		{"not JSON", with(knolyx(""), func(r *request) { r.body = "not JSON" }), 202, nil, `{"id":"`},
		{"fails the schema", with(knolyx(""), func(r *request) { r.body = `{"data":[]}` }), 202, nil, `{"id":"`},
		{"forged", forged(knolyx("k-2")), 202, nil, `{"id":"k-2"}`},
		{"forged again", forged(knolyx("k-3")), 202, nil, `{"id":"k-3"}`},
		{"quarantine full", forged(knolyx("k-4")), 401, nil, `"status":401`},
		{"forged, rejected", forged(with(knolyx("k-5"), at("/rejecting"))), 401, nil, `"status":401`},
		{"no credentials", with(knolyx("k-6"), basic), 401, map[string]string{"WWW-Authenticate": `Basic realm="webhooks", charset="UTF-8"`}, `"status":401`},
		{"unknown path below a source", with(knolyx("k-7"), at("/synap/a/b")), 404, nil, `"status":404`},
		{"unknown path beside a source", with(knolyx("k-7"), at("/knolyx/x")), 404, nil, `"status":404`},
		{"the path in another case", with(knolyx("k-20"), at("/Knolyx")), 202, nil, `{"id":"k-20"}`},
		{"unknown source", with(knolyx("k-8"), at("/nobody")), 404, nil, `"status":404`},
		{"a wrong URL token is a forgery", with(knolyx("k-9"), func(r *request) { r.path, r.method = "/edvisor/guess", "POST" }), 202, nil, `{"id":"`},
		{"method not the sender's", with(knolyx("k-9"), func(r *request) { r.method = "GET" }), 405, map[string]string{"Allow": "PUT, POST"}, `"status":405`},
		{"over the limit", with(knolyx("k-10"), at("/small")), 413, nil, `"status":413`},
		{"over the limit, chunked", with(knolyx("k-10"), func(r *request) { r.path, r.chunked = "/small", true }), 413, nil, `"status":413`},
		{"content encoding", with(knolyx("k-11"), func(r *request) { r.header["Content-Encoding"] = "gzip" }), 415, nil, `"status":415`},
		{"a second content encoding", with(knolyx("k-11"), func(r *request) { r.lines = http.Header{"Content-Encoding": {"identity", "gzip"}} }), 415, nil, `"status":415`},
		{"no content encoding", with(knolyx("k-12"), func(r *request) { r.header["Content-Encoding"] = "Identity" }), 202, nil, `{"id":"k-12"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			res := s.send(c.send)
			if res.status != c.status {
				t.Errorf("answered %d %s, not %d", res.status, res.body, c.status)
			}
			for name, want := range c.header {
				if got := res.header.Get(name); got != want {
					t.Errorf("%s: %q, not %q", name, got, want)
				}
			}
			if !strings.Contains(res.body, c.body) {
				t.Errorf("body %s lacks %s", res.body, c.body)
			}
			if !json.Valid([]byte(res.body)) {
				t.Errorf("not JSON: %s", res.body)
			}
			want := "application/json"
			if c.status >= 400 {
				want = "application/problem+json"
			}
			if got := res.header.Get("Content-Type"); got != want {
				t.Errorf("content type %s, not %s", got, want)
			}
		})
	}
}

// TestOfTwoSourcesTheMoreSpecificPathWins, in whatever order they are written.
func TestOfTwoSourcesTheMoreSpecificPathWins(t *testing.T) {
	const general = `
receive_webhooks /hooks/* custom {
	name general
	token a-token
	unverified reject
}
`
	specific := strings.Replace(knolyxSite, "/knolyx", "/hooks/knolyx", 1)
	for _, site := range []string{general + specific, specific + general} {
		s := serve(t, "", site)
		if got := s.send(with(knolyx("k-1"), func(r *request) { r.path = "/hooks/knolyx" })); got.status != 202 {
			t.Errorf("below the general source: %d %s in\n%s", got.status, got.body, site)
		}
		for _, path := range []string{"/hooks", "/hooks/"} {
			bearer := map[string]string{"Authorization": "Bearer a-token"}
			if got := s.send(request{method: "POST", path: path, body: strconv.Quote(path), header: bearer}); got.status != 202 {
				t.Errorf("%s: %d %s in\n%s", path, got.status, got.body, site)
			}
		}
	}
}

// It stands before a last block that takes the rest of the site, as many Caddyfiles
// have it.
func TestABlockForAllTheRestTakesNothingFromASource(t *testing.T) {
	for _, site := range []string{
		"handle {\n respond app 200\n}\n" + knolyxSite,
		"@json header Content-Type application/json\nhandle @json {\n respond app 200\n}\n" + knolyxSite,
		"handle_path /* {\n respond app 200\n}\n" + knolyxSite,
		"route {\n respond app 200\n}\n" + knolyxSite,
	} {
		s := serve(t, "", site)
		if got := s.send(knolyx("k-1")); got.status != http.StatusAccepted {
			t.Errorf("%d %s in\n%s", got.status, got.body, site)
		}
		if got := s.send(request{method: "GET", path: "/x"}); got.body != "app" {
			t.Errorf("the rest: %d %s in\n%s", got.status, got.body, site)
		}
	}
}

func TestABodyThatDidNotComeWholeIsRefused(t *testing.T) {
	const token = "X-Webhook-Security-Token: a-token\r\n"
	s := serve(t, "", "log_append body {http.request.body}\n"+knolyxSite) // which reads it first
	for text, want := range map[string]int{
		"PUT /knolyx HTTP/1.0\r\n" + token + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n": http.StatusLengthRequired,
		"PUT /knolyx HTTP/1.0\r\n" + token + "\r\n{}":                                                 http.StatusLengthRequired,
		"PUT /knolyx HTTP/1.0\r\n" + token + "Content-Length: 2\r\n\r\n{}":                            http.StatusAccepted,
		"PUT /knolyx HTTP/1.1\r\nHost: a\r\n" + token + "Content-Length: 9\r\n\r\n{}":                 http.StatusRequestTimeout,
	} {
		if got, answered := s.exchange(t, []byte(text)); !answered || got.status != want {
			t.Errorf("%q: %d, not %d", text, got.status, want)
		}
	}
}

func TestAReloadToAFullDiskIsRefused(t *testing.T) {
	s := serve(t, "", knolyxSite)
	if err := s.tryLoad(s.noRoom(), knolyxSite); err == nil || !strings.Contains(err.Error(), "reserve") {
		t.Errorf("the reload: %v", err)
	}
	if got := s.send(knolyx("k-1")).status; got != http.StatusAccepted {
		t.Errorf("the config before answers %d", got)
	}
}

func TestAStoreThatIsLeftWithWhatWaitsIsTold(t *testing.T) {
	crm := newBackend(t)
	crm.Close()
	gateway := eager("crm", crm.URL) + "\ndefault crm"
	s := serve(t, gateway, knolyxSite)
	s.send(knolyx("k-1"))
	soon(t, func() bool { return strings.Contains(s.logs(), "delivery failed") }, s.logs)
	s.load(gateway+"\nstore badger "+s.dir+"/other {\n reserve 128MiB\n}", knolyxSite)
	soon(t, func() bool { return strings.Contains(s.logs(), "the config left this store") }, s.logs)
}

func TestAGatewayThatCannotKeepAsksToComeAgain(t *testing.T) {
	s := serve(t, "", knolyxSite+"\nrespond /other 204")
	s.stop()
	s.load(s.noRoom(), knolyxSite+"\nrespond /other 204")
	res := s.send(knolyx("k-1"))
	if res.status != http.StatusServiceUnavailable {
		t.Fatalf("answered %d", res.status)
	}
	seconds, err := strconv.Atoi(res.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q", res.header.Get("Retry-After"))
	}
	if got := s.send(request{method: http.MethodGet, path: "/other"}).status; got != http.StatusNoContent {
		t.Errorf("the rest of the site answers %d", got)
	}
	s.load("", knolyxSite)
	if got := s.send(knolyx("k-1")).status; got != http.StatusAccepted {
		t.Errorf("with room it answers %d", got)
	}
}
