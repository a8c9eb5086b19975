package caddymodule_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/porterslodge/porterslodge/caddymodule"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// watchedSite is a source and Caddy's own metrics beside it. Counters last as
// long as the process, so each test has names of its own.
func watchedSite(name string) string {
	return "receive_webhooks /knolyx knolyx {\n name " + name + "\n token old-token a-token\n}\nmetrics /metrics"
}

// scrape is what Prometheus would read.
func (s *server) scrape() string {
	s.t.Helper()
	res := s.send(request{method: http.MethodGet, path: "/metrics"})
	if res.status != http.StatusOK {
		s.t.Fatalf("/metrics answered %d: %s", res.status, res.body)
	}
	return res.body
}

// sample is the value of one series, written as in the text format; -1 where
// it isn't there.
func (s *server) scraped(series string) float64 {
	s.t.Helper()
	return sampleOf(s.t, s.scrape(), series)
}

func sampleOf(t *testing.T, scraped, series string) float64 {
	t.Helper()
	for line := range strings.Lines(scraped) {
		if rest, ok := strings.CutPrefix(line, "caddy_webhook_gateway_"+series+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return -1
}

// reads waits until a series has a value: what is counted follows the answer.
func (s *server) reads(series string, want float64) {
	s.t.Helper()
	soon(s.t, func() bool { return s.scraped(series) == want }, func() string {
		return fmt.Sprintf("%s is %v, not %v", series, s.scraped(series), want)
	})
}

func soon(t *testing.T, done func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
	}
}

func TestMetricsCountWhatBecameOfRequestsAndAttempts(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("counted_crm", crm.URL)+"default counted_crm", watchedSite("counted"))
	begun := float64(time.Now().Unix())
	for _, r := range []request{knolyx("k-1"), knolyx("k-1"), knolyx("k-2")} {
		s.send(r)
	}
	s.send(with(knolyx("k-3"), func(r *request) { r.header = map[string]string{"X-Webhook-Security-Token": "wrong"} }))
	s.send(request{method: http.MethodGet, path: "/knolyx"})
	crm.wait(t, 2)
	for series, want := range map[string]float64{
		`requests_total{outcome="new",source="counted"}`:                       2,
		`requests_total{outcome="duplicate",source="counted"}`:                 1,
		`requests_total{outcome="quarantined",source="counted"}`:               1,
		`requests_total{outcome="refused",source="counted"}`:                   1,
		`requests_total{outcome="not_kept",source="counted"}`:                  0,
		`answer_duration_seconds_count{source="counted"}`:                      5,
		`attempts_total{backend="counted_crm",status="2xx"}`:                   2,
		`attempt_duration_seconds_count{backend="counted_crm"}`:                2,
		`deliveries{backend="counted_crm",state="delivered"}`:                  2,
		`deliveries{backend="counted_crm",state="waiting"}`:                    0,
		`events{state="routed"}`:                                               2,
		`quarantined_requests{source="counted"}`:                               1,
		`quarantine_limit_requests`:                                            1000,
		`backend_up{backend="counted_crm"}`:                                    1,
		`ready`:                                                                1,
		`secret_last_matched_timestamp_seconds{position="1",source="counted"}`: 0,
	} {
		s.reads(series, want)
	}
	if at := s.scraped(`secret_last_matched_timestamp_seconds{position="2",source="counted"}`); at < begun {
		t.Errorf("the second token matched at %v, the test began at %v", at, begun)
	}
}

func TestMetricsSurviveAReloadGoodOrBad(t *testing.T) {
	crm := newBackend(t)
	gateway := eager("lasting_crm", crm.URL) + "default lasting_crm"
	s := serve(t, gateway, watchedSite("lasting"))
	s.admin = "unix/" + s.dir + "/a"
	const kept = `requests_total{outcome="new",source="lasting"}`
	for i := range 3 {
		s.send(knolyx(fmt.Sprint("k-", i)))
		s.reads(kept, float64(i+1))
		s.load(gateway, watchedSite("lasting"))
	}
	s.reads(kept, 3)
	s.reads(`deliveries{backend="lasting_crm",state="delivered"}`, 3)

	// One fails when it is provisioned, one because another app can't start:
	// Caddy's admin endpoint has their registry from then on.
	for _, bad := range []string{
		watchedSite("lasting") + "\nreceive_webhooks /other knolyx {\n name other\n token {env.NO_SUCH_TOKEN}\n}",
		watchedSite("lasting") + "\n}\nhttp://:1 {\n bind 203.0.113.1\n respond 1",
	} {
		if err := s.tryLoad(gateway, bad); err == nil {
			t.Fatal("the bad config was taken")
		}
		s.send(knolyx("k-9"))
		for _, scraped := range []string{s.scrape(), s.onAdmin("/metrics").body} {
			if got := sampleOf(t, scraped, kept); got != 4 {
				t.Errorf("%v events after a bad reload, want 4", got)
			}
			if got := sampleOf(t, scraped, `ready`); got != 1 {
				t.Errorf("ready is %v after a bad reload", got)
			}
		}
	}
}

func TestMetricsTellTroubleBehindTheGateway(t *testing.T) {
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s := serve(t, eager("down_crm", crm.URL)+"default down_crm", watchedSite("troubled"))
	s.memory = "troubled"
	s.load(eager("down_crm", crm.URL)+"default down_crm", watchedSite("troubled"))
	s.send(knolyx("k-1"))
	s.reads(`backend_up{backend="down_crm"}`, 0)
	s.reads(`deliveries{backend="down_crm",state="waiting"}`, 1)
	if n := s.scraped(`attempts_total{backend="down_crm",status="5xx"}`); n < 10 {
		t.Errorf("%v attempts are counted as failed", n)
	}
	soon(t, func() bool { return s.scraped(`oldest_waiting_delivery_age_seconds{backend="down_crm"}`) > 0 },
		func() string { return "the oldest delivery has no age" })
	if n := s.scraped(`commit_batch_steps_count`); n < 1 {
		t.Errorf("%v commits", n)
	}
	crm.behave(nil)
	s.reads(`backend_up{backend="down_crm"}`, 1)
	s.reads(`oldest_waiting_delivery_age_seconds{backend="down_crm"}`, 0)

	memory(t, "troubled").Trouble(store.ErrLowSpace, store.Measures{Size: 7, Free: 5, Reserve: 6})
	if res := s.send(knolyx("k-2")); res.status != http.StatusServiceUnavailable {
		t.Fatalf("answered %d", res.status)
	}
	for series, want := range map[string]float64{
		`requests_total{outcome="not_kept",source="troubled"}`: 1, `ready`: 0,
		`store_size_bytes`: 7, `store_free_bytes`: 5, `store_reserve_bytes`: 6,
	} {
		s.reads(series, want)
	}
}

func memory(t *testing.T, name string) *caddymodule.Troubled {
	t.Helper()
	s, ok := caddymodule.Memories.Load(name)
	if !ok {
		t.Fatalf("no memory store %s is open", name)
	}
	return s.(*caddymodule.Troubled)
}

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, eager("named_crm", crm.URL)+"default named_crm", watchedSite("named"))
	s.send(knolyx("k-1"))
	crm.wait(t, 1)
	problems, err := promlint.New(strings.NewReader(s.scrape())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "caddy_webhook_gateway_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
