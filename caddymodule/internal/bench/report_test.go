package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/published"
)

// rates are rounds in which so much was answered a second.
func rates(perSecond ...int) (s []sample) {
	for _, n := range perSecond {
		s = append(s, sample{result: result{answers: n, seconds: 1}, cpu: float64(n) / 1000})
	}
	return s
}

func TestABarIsHeldAgainstEachRoundsOwnPlainCaddy(t *testing.T) {
	p := pair{plain: rates(20_000, 40_000, 30_000), ours: rates(10_000, 16_000, 18_000)}
	r := atLeast("accepted/s", .5, p)
	if !r.Met || r.Measured != "16,000/s, 0.50 ×" || r.Plain != "30,000/s" {
		t.Errorf("%+v", r)
	}
	if r := atLeast("accepted/s", .51, p); r.Met {
		t.Errorf("%+v", r)
	}
	r = cpuAtMost("CPU", .5, p)
	if !r.Met || r.Measured != "16.000, 0.50 ×" || r.Plain != "30.000" {
		t.Errorf("%+v", r)
	}
	if r := cpuAtMost("CPU", .49, p); r.Met {
		t.Errorf("%+v", r)
	}
}

func TestABoundOnLatencyOrMemoryIsOnTheMedian(t *testing.T) {
	p := pair{ours: []sample{{result: result{latency: milliseconds(3, 5)}}, {result: result{latency: milliseconds(1, 4)}}, {result: result{latency: milliseconds(2, 9)}}}}
	if r := within("p99", "≤ 5 ms", 5*time.Millisecond, p, p99Of); !r.Met || r.Measured != "5.0 ms" {
		t.Errorf("%+v", r)
	}
	if r := within("p99", "≤ 4 ms", 4*time.Millisecond, p, p99Of); r.Met {
		t.Errorf("%+v", r)
	}
	if r := within("p50", "≤ 2 ms", 2*time.Millisecond, p, p50Of); !r.Met {
		t.Errorf("%+v", r)
	}
	if r := memoryAtMost("memory", 400*mb, 900*mb, 400*mb, 300*mb); !r.Met || r.Measured != "400 MB" || r.Bar != "≤ 400 MB" {
		t.Errorf("%+v", r)
	}
	if r := memoryAtMost("memory", 400*mb, 401*mb); r.Met {
		t.Errorf("%+v", r)
	}
}

func TestALatencyBarFollowsTheSync(t *testing.T) {
	for sync, want := range map[time.Duration]time.Duration{
		100 * time.Microsecond: 5 * time.Millisecond,
		500 * time.Microsecond: 5 * time.Millisecond,
		2 * time.Millisecond:   10 * time.Millisecond,
	} {
		if most, bar := offeredBar(sync); most != want || !strings.HasPrefix(bar, "≤ ") {
			t.Errorf("%v: %v, %s", sync, most, bar)
		}
	}
}

func TestTheDiskBarFollowsWhatIsLive(t *testing.T) {
	if r := purgedRow(1_000_000, 280*mb); !r.Met || r.Bar != "≤ 2 × what is live + 200 MB (280 MB)" {
		t.Errorf("%+v", r)
	}
	if r := purgedRow(1_000_000, 281*mb); r.Met {
		t.Errorf("%+v", r)
	}
}

func TestARowWithoutFiguresIsAFailure(t *testing.T) {
	for _, rounds := range [][]float64{nil, {1, 0}, {-1}, {math.NaN()}, {math.Inf(1)}} {
		if err := (&row{Rounds: rounds}).check(); err == nil {
			t.Errorf("%v", rounds)
		}
	}
	if err := (&row{Rounds: []float64{1}, PlainRounds: []float64{0}}).check(); err == nil {
		t.Error("plain Caddy's")
	}
	if err := (&row{Rounds: []float64{1, 2}, PlainRounds: []float64{3}}).check(); err != nil {
		t.Error(err)
	}
	for _, c := range []curve{{}, {Points: []point{{1, 0, 1}}}, {Points: []point{{1, 1, 0}}}} {
		if err := new(bench).grew(c); err == nil {
			t.Errorf("%+v", c)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999: "999", 1234: "1,234", 9999: "9,999", 12_345: "12,350", 123_456: "123,500", 5_000_000: "5,000,000"} {
		if got := count(n); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
	for s, want := range map[float64]string{.000123: "0.12 ms", .00234: "2.3 ms", .0251: "25.1 ms", .3171: "317 ms"} {
		if got := ms(s); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 12: "12", 1000: "1,000", 1_234_567: "1,234,567"} {
		if got := commas(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func sampleReport() *report {
	return &report{
		Date:     time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC),
		Machine:  published.Machine{CPU: "EPYC", Cores: 2, Memory: 24 << 30, Kernel: "Linux 6.1", Filesystem: "ext4"},
		Versions: published.Versions{Go: "1.26.8", Porterslodge: "v1", Caddy: "v2.11.9", Badger: "v4.9.6"},
		Sync:     130 * time.Microsecond,
		Rounds:   5,
		Rows: []row{
			{What: "accepted/s", Bar: "≥ 0.50 ×", Measured: "17,000/s", Plain: "33,000/s", Met: true},
			{What: "memory", Bar: "≤ 400 MB", Measured: "460 MB"},
			{What: "disk", Measured: "900 bytes"},
		},
		Failures: []failure{{"keys", "answered 503 | not 202\nits log"}},
	}
}

const wantMarkdown = `21 November 2026: EPYC, 2 cores, 24 GiB, Linux 6.1, ext4; a sync takes 0.13 ms. Porterslodge v1, Caddy v2.11.9, Badger v4.9.6, Go 1.26.8. Medians of 5 rounds.

| what | bar | measured | plain Caddy | met |
|---|---|---|---|---|
| accepted/s | ≥ 0.50 × | 17,000/s | 33,000/s | yes |
| memory | ≤ 400 MB | 460 MB |  | no |
| disk |  | 900 bytes |  |  |
| keys | | failed: answered 503 \| not 202 | | no |
`

func TestTheTableIsMarkdown(t *testing.T) {
	if got := sampleReport().markdown(); got != wantMarkdown {
		t.Errorf("%s", got)
	}
}

func TestTheReportIsJSON(t *testing.T) {
	var out strings.Builder
	if err := sampleReport().json(&out); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Machine published.Machine
		Rows    []row
	}
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil {
		t.Fatal(err)
	}
	if back.Machine.Cores != 2 || len(back.Rows) != 3 || !back.Rows[0].Met || back.Rows[0].Bar != "≥ 0.50 ×" {
		t.Errorf("%+v", back)
	}
}
