package verify

import (
	"testing"
	"time"
)

func TestTimestampsWithinTheToleranceAreTaken(t *testing.T) {
	const secret = "a well kept secret"
	at := func(ts string, tolerance, off time.Duration) Result {
		v := must(t)(NewHMAC(HMAC{Header: "X-Sig", Timestamp: "X-Ts", Signed: "{timestamp}.{body}", Tolerance: tolerance}, []string{secret}))
		r := request("{}", "X-Sig", hexSum(secret, ts+".{}"), "X-Ts", ts)
		r.Now = now.Add(off)
		return v.Verify(r)
	}
	for _, c := range []struct {
		ts             string
		tolerance, off time.Duration
		reason         string
	}{
		{"1700000000", 0, 0, ""},
		{"1700000000", 0, 5 * time.Minute, ""},
		{"1700000000", 0, 5*time.Minute + 1, ReasonTimestampOld},
		{"1700000000", 0, -5 * time.Minute, ""},
		{"1700000000", 0, -5*time.Minute - 1, ReasonTimestampFuture},
		{"1700000000999", time.Second, 1999 * time.Millisecond, ""},
		{"1700000000999", time.Second, 2 * time.Second, ReasonTimestampOld},
		{"1700000000", time.Hour, time.Hour, ""},
		{"1700000000", time.Hour, time.Hour + 1, ReasonTimestampOld},
		{"1", -1, 0, ""},
		{"1", 0, 0, ReasonTimestampOld},
		{"999999999999", 0, 0, ReasonTimestampFuture},
		{"9999999999999", 0, 0, ReasonTimestampFuture},
		{"99999999999999", -1, 0, ReasonTimestampMalformed},
		{"9223372036854775807", -1, 0, ReasonTimestampMalformed},
		{"18446744073709551616", -1, 0, ReasonTimestampMalformed},
		{"0", -1, 0, ReasonTimestampMalformed},
	} {
		if got := at(c.ts, c.tolerance, c.off); got.Reason != c.reason || got.OK != (c.reason == "") {
			t.Errorf("%s, tolerance %v, off by %v: %+v, want %q", c.ts, c.tolerance, c.off, got, c.reason)
		}
	}
}

// One signature must not verify the same bytes cut into other values.
func TestWhatIsSignedIsCutInOneWayOnly(t *testing.T) {
	const secret = "a well kept secret"
	type cut struct {
		body, url, id, ts string
		reason            string
	}
	for _, c := range []struct {
		name   string
		config HMAC
		signed string
		cuts   []cut
	}{
		{"timestamp and body", HMAC{Timestamp: "X-Ts", Signed: "{timestamp}{body}"}, `1700000000123{"a":1}`, []cut{
			{ts: "1700000000123", body: `{"a":1}`},
			{ts: "1700000000", body: `123{"a":1}`, reason: ReasonAmbiguous},
		}},
		{"body and timestamp, any time", HMAC{Timestamp: "X-Ts", Tolerance: -1, Signed: "{body}{timestamp}"}, `a=11700000000`, []cut{
			{body: "a=", ts: "11700000000"},
			{body: "a=1", ts: "1700000000", reason: ReasonAmbiguous},
		}},
		{"url and body", HMAC{Signed: "{url}{body}"}, `https://school.example/in?a={"b":[{"c":1}]}`, []cut{
			{url: "https://school.example/in?a=", body: `{"b":[{"c":1}]}`},
			{url: "https://school.example/in", body: `?a={"b":[{"c":1}]}`, reason: ReasonAmbiguous},
			{url: `https://school.example/in?a={"b":`, body: `[{"c":1}]}`, reason: ReasonAmbiguous},
			{url: `https://school.example/in?a={"b":[`, body: `{"c":1}]}`, reason: ReasonAmbiguous},
			{url: `https://school.example/in?a={"b":[{"c":1}]}`, body: ``, reason: ReasonAmbiguous},
		}},
		{"url and a list", HMAC{Signed: "{url}{body}"}, `https://school.example/[{"c":1}]`, []cut{
			{url: "https://school.example/", body: `[{"c":1}]`},
			{url: "https://school.example/[", body: `{"c":1}]`, reason: ReasonAmbiguous},
		}},
		{"a timestamp and a body that is compacted", HMAC{Timestamp: "X-Ts", Compact: true, Signed: "{timestamp}{body}"}, `1700000000123`, []cut{
			{ts: "1700000000123"},
			{ts: "1700000000", body: " 123", reason: ReasonNoMatch},
		}},
		{"body and url", HMAC{Signed: "{body}{url}"}, `{"a":"https://b"}https://school.example/`, []cut{
			{body: `{"a":"https://b"}`, url: "https://school.example/"},
			{body: `{"a":"`, url: `https://b"}https://school.example/`, reason: ReasonAmbiguous},
		}},
		{"id and body", HMAC{ID: "X-Id", Signed: "{id}.{body}"}, `a.b.{"c":1}`, []cut{
			{id: "a", body: `b.{"c":1}`},
			{id: "a.b", body: `{"c":1}`, reason: ReasonIDMalformed},
		}},
		{"body and id", HMAC{ID: "X-Id", Signed: "{body}/{id}"}, `a/b/c`, []cut{
			{body: "a/b", id: "c"},
			{body: "a", id: "b/c", reason: ReasonIDMalformed},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Header = "X-Sig"
			v := must(t)(NewHMAC(c.config, []string{secret}))
			for i, cut := range c.cuts {
				r := request(cut.body, "X-Sig", hexSum(secret, c.signed), "X-Id", cut.id, "X-Ts", cut.ts)
				r.URL = cut.url
				if got := v.Verify(r); got.Reason != cut.reason {
					t.Errorf("cut %d: %+v, want %q", i, got, cut.reason)
				}
			}
		})
	}
}
