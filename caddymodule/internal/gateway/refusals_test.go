package gateway

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFloodOfRefusalsIsOneLineASecondThatCountsThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		var r refusals
		for range 3000 {
			r.log(log, "knolyx", "wrong token")
			time.Sleep(time.Millisecond)
		}
		r.log(log, "synap", "wrong password")
		time.Sleep(2 * time.Second)
		r.log(log, "knolyx", "wrong token")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		total := 0
		for _, line := range lines {
			n := 1
			if _, after, ok := strings.Cut(line, "times="); ok {
				n = 0
				for _, digit := range after {
					n = n*10 + int(digit-'0')
				}
			}
			total += n
		}
		if total != 3002 || len(lines) > 8 {
			t.Errorf("%d lines count %d refusals, want at most 8 that count 3002:\n%s", len(lines), total, &out)
		}
	})
}
