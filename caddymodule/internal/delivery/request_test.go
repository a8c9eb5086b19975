package delivery

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

var whsec = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key of 24 bytes, or so"))

func newRequest(t *testing.T, b *Backend, ev *event.Event, now time.Time) *http.Request {
	t.Helper()
	if b.URL == "" {
		b.URL = "http://crm.internal/events"
	}
	s := newSettings(b)
	if s.broken != nil {
		t.Fatal(s.broken)
	}
	req, err := s.request(t.Context(), ev, []byte("{}"), now)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestARequestHasOurHeadersAndNoOthers(t *testing.T) {
	req := newRequest(t, &Backend{}, newEvent(), time.Unix(1795228020, 9e8))
	got := req.Header.Clone()
	if trace := got.Get("Traceparent"); !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`).MatchString(trace) {
		t.Errorf("traceparent %q", trace)
	}
	got.Del("Traceparent")
	want := http.Header{
		"Content-Type":      {"application/cloudevents+json"},
		"Webhook-Id":        {"af46ec07-de79-40b5-916c-0058b54b2d2b"},
		"Webhook-Timestamp": {"1795228020"},
		"Idempotency-Key":   {"knolyx:af46ec07-de79-40b5-916c-0058b54b2d2b"},
		"User-Agent":        {"Porterslodge/dev"},
	}
	if len(got) != len(want) {
		t.Errorf("headers %v", got)
	}
	for name, values := range want {
		if !slices.Equal(got[name], values) {
			t.Errorf("%s is %q, want %q", name, got[name], values)
		}
	}
	again := newRequest(t, &Backend{}, newEvent(), time.Now())
	if again.Header.Get("Traceparent") == req.Header.Get("Traceparent") {
		t.Error("two attempts share a trace")
	}
}

func TestEachSecretSigns(t *testing.T) {
	now := time.Now()
	req := newRequest(t, &Backend{Secrets: []string{whsec, "a plain one"}}, newEvent(), now)
	if got := strings.Count(req.Header.Get("webhook-signature"), "v1,"); got != 2 {
		t.Fatalf("%d signatures in %q", got, req.Header.Get("webhook-signature"))
	}
	coded, _ := webhooks.NewWebhook(whsec)
	plain, _ := webhooks.NewWebhookRaw([]byte("a plain one"))
	other, _ := webhooks.NewWebhookRaw([]byte("another"))
	for name, w := range map[string]*webhooks.Webhook{"whsec_": coded, "plain": plain} {
		if err := w.Verify([]byte("{}"), req.Header); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if other.Verify([]byte("{}"), req.Header) == nil || coded.Verify([]byte("{} "), req.Header) == nil {
		t.Error("another secret or another body verifies")
	}
}

func TestConfiguredHeadersWinOverForwardedOnesAndOursOverBoth(t *testing.T) {
	ev := newEvent()
	ev.Forward = []string{"x-lang", "X-Tenant"}
	ev.Request.Header.Set("X-Tenant", "theirs")
	req := newRequest(t, &Backend{Secrets: []string{"s"}, Header: http.Header{
		"x-tenant": {"ours"}, "Authorization": {"Bearer t"}, "Host": {"crm.example"},
		"Webhook-Id": {"x"}, "webhook-signature": {"x"}, "Idempotency-Key": {"x"}, "Content-Type": {"x"}, "User-Agent": {"x"},
	}}, ev, time.Now())
	for name, want := range map[string]string{
		"X-Lang": "fr", "X-Tenant": "ours", "Authorization": "Bearer t", "Content-Type": contentType,
		"Webhook-Id": ev.ID, "Idempotency-Key": "knolyx:" + ev.ID, "User-Agent": userAgent,
	} {
		if got := req.Header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if req.Host != "crm.example" || strings.Contains(req.Header.Get("webhook-signature"), "x ") {
		t.Errorf("host %q", req.Host)
	}
	unsigned := newRequest(t, &Backend{Header: http.Header{"Webhook-Signature": {"v1,forged"}}}, ev, time.Now())
	if got := unsigned.Header.Values("webhook-signature"); got != nil {
		t.Errorf("signature %q of a backend without a secret", got)
	}
}

func TestAUserInTheURLBecomesBasicAuthAndLeavesTheURL(t *testing.T) {
	req := newRequest(t, &Backend{URL: "https://crm:p%40ss@crm.internal/e?token=t"}, newEvent(), time.Now())
	if user, password, ok := req.BasicAuth(); !ok || user != "crm" || password != "p@ss" {
		t.Errorf("basic auth %q %q", user, password)
	}
	if got := req.URL.String(); got != "https://crm.internal/e?token=t" {
		t.Errorf("url %s", got)
	}
	header := http.Header{"Authorization": {"Bearer b"}}
	req = newRequest(t, &Backend{URL: "https://crm:p@crm.internal/", Header: header}, newEvent(), time.Now())
	if got := req.Header.Get("Authorization"); got != "Bearer b" {
		t.Errorf("a configured Authorization lost to the URL's: %q", got)
	}
}

// Two events must never share a key: the backend would drop the second.
func TestNoTwoEventsShareAnIdempotencyKey(t *testing.T) {
	seen := make(map[string]string)
	for _, source := range []string{"a", "a:b", "a%3Ab", "a b"} {
		for _, id := range []string{"b:c", "c", "1\n2", "1%0A2", "1 2", "é", "\xc3\xa9\xff", "%C3%A9"} {
			ev := newEvent()
			ev.Source, ev.ID = source, id
			key := newRequest(t, &Backend{}, ev, time.Now()).Header.Get("Idempotency-Key")
			if !validValue(key) || strings.Contains(key, " ") {
				t.Errorf("key %q cannot be sent", key)
			}
			if before, ok := seen[key]; ok {
				t.Errorf("%q and %q share %q", before, source+" "+id, key)
			}
			seen[key] = source + " " + id
		}
	}
}

func TestNothingReservedIsForwarded(t *testing.T) {
	ev := newEvent()
	ev.Request.Header = http.Header{"X-Ok": {"1"}, "X-Split": {"a\r\nEvil: 1", "fine", "nul\x00"}, "X-Broken": {"\n"}}
	ev.Forward = []string{"X-Ok", "x-split", "X-Broken", "X-Absent", "bad name", "", "é"}
	names := append(slices.Clone(reserved), "Webhook_Id", "webhook_signature", "Content-Encoding", "Content-Length",
		"Proxy-Authorization", "ce-id", "CONTENT_TYPE", "IDEMPOTENCY_KEY", "webhook.id", "Idempotency~Key", "ce.id", "x_tenant", "X.Tenant")
	for _, name := range names {
		ev.Forward = append(ev.Forward, name)
		ev.Request.Header[http.CanonicalHeaderKey(name)] = []string{"theirs"}
	}
	got := make(http.Header)
	forward(got, ev, http.Header{"X-Tenant": {"ours"}})
	if len(got) != 2 || got.Get("X-Ok") != "1" || !slices.Equal(got["X-Split"], []string{"fine"}) {
		t.Fatalf("forwarded %v", got)
	}
}

func TestABackendThatCannotWorkIsAnErrorWithoutItsSecrets(t *testing.T) {
	for name, b := range map[string]*Backend{
		"no url":                 {URL: ""},
		"a relative url":         {URL: "/hunter2"},
		"another scheme":         {URL: "ftp://crm/hunter2"},
		"no host":                {URL: "http:///hunter2"},
		"an unreadable url":      {URL: "http://crm:hunter2@[::1/%zz"},
		"an empty secret":        {URL: "http://crm", Secrets: []string{"ok", ""}},
		"an empty whsec":         {URL: "http://crm", Secrets: []string{"whsec_"}},
		"a whsec without base64": {URL: "http://crm", Secrets: []string{"whsec_hunter2!"}},
		"a broken header name":   {URL: "http://crm", Header: http.Header{"X Y": {"hunter2"}}},
		"a broken header value":  {URL: "http://crm", Header: http.Header{"X-Y": {"hunter2\r\n"}}},
	} {
		b.Name = "crm"
		err := b.Validate()
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "backend crm") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Backend{URL: "https://u:p@crm:1/x?y#z", Secrets: []string{whsec, "p"}, Header: http.Header{"X-Y": {"é\t"}}}).Validate(); err != nil {
		t.Error(err)
	}
}

// FuzzForwardedHeaders holds that nothing a sender sends, whatever is
// allow-listed, sets or adds to a header that we set, or breaks the request.
func FuzzForwardedHeaders(f *testing.F) {
	f.Add("Webhook-Signature", "v1,forged", "id")
	f.Add("webhook_id", "1", "a\r\nb")
	f.Add("X-Lang", "a\r\nIdempotency-Key: 1", "é")
	f.Add("Transfer-Encoding", "chunked", "%")
	f.Add("X.Tenant", "theirs", "1")
	tenant := http.Header{"X-Tenant": {"ours"}}
	f.Fuzz(func(t *testing.T, name, value, id string) {
		ev := newEvent()
		ev.ID = id
		plain := newRequest(t, &Backend{Secrets: []string{"s"}, Header: tenant}, ev, time.Unix(1, 0))
		ev.Forward = []string{name}
		ev.Request.Header = http.Header{http.CanonicalHeaderKey(name): {value}, name: {value}}
		req := newRequest(t, &Backend{Secrets: []string{"s"}, Header: tenant}, ev, time.Unix(1, 0))
		for ours, want := range plain.Header {
			if ours != "Traceparent" && !slices.Equal(req.Header[ours], want) {
				t.Errorf("%s became %q", ours, req.Header[ours])
			}
		}
		for theirs := range req.Header {
			if _, ours := plain.Header[theirs]; !ours && isAlias(theirs, plain.Header) {
				t.Errorf("%s looks like one of ours", theirs)
			}
		}
		if len(req.Header["Traceparent"]) != 1 || req.Host != plain.Host {
			t.Errorf("traceparent %q, host %q", req.Header["Traceparent"], req.Host)
		}
		var wire strings.Builder
		if err := req.Write(&wire); err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(wire.String(), "\r\n\r\n")
		// The request line, then Host, Content-Length and each header once.
		if got, most := strings.Count(head, "\n"), len(plain.Header)+3; got > most {
			t.Errorf("%d lines, at most %d expected: %s", got, most, url.QueryEscape(head))
		}
	})
}
