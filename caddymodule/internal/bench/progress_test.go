package main

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func quietProgress() *progress { return &progress{out: io.Discard, begun: time.Now()} }

// told is what progress writes of 25 seconds of work in which it is told four
// times a second how far it is.
func told(t *testing.T, terminal bool) string {
	var out strings.Builder
	synctest.Test(t, func(*testing.T) {
		p := &progress{out: &out, terminal: terminal, begun: time.Now()}
		p.begin("stored")
		for i := range 100 {
			time.Sleep(250 * time.Millisecond)
			p.say("%d of 100", i+1)
		}
		p.note("done")
	})
	return out.String()
}

func TestProgressInAPipeIsAFewLines(t *testing.T) {
	want := "    0s  stored: begins\n   10s  stored: 40 of 100\n   20s  stored: 80 of 100\n   25s  done\n"
	if got := told(t, false); got != want {
		t.Errorf("%q", got)
	}
}

func TestProgressOnATerminalIsOneLineWrittenAnew(t *testing.T) {
	got := told(t, true)
	if n := strings.Count(got, "\r\x1b[K"); n != 102 {
		t.Errorf("written %d times", n)
	}
	if !strings.HasSuffix(got, "\r\x1b[K   25s  stored: 100 of 100\r\x1b[K   25s  done\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got[len(got)-100:])
	}
}

func TestFlagsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"start"}, {"-rounds", "0"}, {"-only", "("}, {"-readme", "x", "-short"}, {"-readme", "x", "-only", "start"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestAllMeasurementsAreMadeUnlessSomeAreNamed(t *testing.T) {
	for only, want := range map[string]int{"": len(measurements), "start|keys": 2, "^nothing$": 0} {
		o, err := parse([]string{"-only", only})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, m := range measurements {
			if o.only.MatchString(m.name) {
				n++
			}
		}
		if n != want {
			t.Errorf("%q: %d", only, n)
		}
	}
}

func TestAPointIsWhatWasAddedSinceTheLast(t *testing.T) {
	begun := time.Unix(0, 0)
	w := watch{
		kept:  1000,
		begun: mark{begun, 7, time.Second},
		last:  mark{begun.Add(time.Second), 1007, 2 * time.Second},
	}
	got := w.point(mark{begun.Add(3 * time.Second), 5007, 6 * time.Second})
	if want := (point{X: 6000, Rate: 2000, CPU: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
