package badgerstore

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// BenchmarkLife keeps events of 1 KB from 64 senders at once while a router
// takes them and a backend gets each one, as the gateway does it. Give it
// -benchtime 1000000x to see what history costs.
func BenchmarkLife(b *testing.B) {
	for _, backends := range [][]string{nil, {"crm"}} {
		b.Run(fmt.Sprintf("backends=%d", len(backends)), func(b *testing.B) {
			s := open(b, Options{Path: b.TempDir()})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go routeAll(ctx, s, backends)
			if len(backends) > 0 {
				go deliverAll(ctx, s)
			}
			before := spent(b)
			var n atomic.Int64
			b.SetParallelism(32) // of 2 cores: 64 senders
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					keepFresh(b, s, n.Add(1))
				}
			})
			awaitFinished(b, s, uint64(b.N), len(backends))
			b.StopTimer()
			after := spent(b)
			b.ReportMetric((after.cpu-before.cpu).Seconds()*1e6/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(after.written-before.written)/float64(b.N), "B-written/op")
			b.ReportMetric(float64(after.resident>>20), "MB-resident")
		})
	}
}

// keepFresh keeps an event whose body compresses about as JSON does.
func keepFresh(b *testing.B, s *Store, n int64) {
	id := fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15)
	ev := &event.Event{ID: id, Source: "knolyx", Sender: "knolyx", Request: event.Request{
		Method: "POST", Body: body(n), Received: start,
	}}
	if _, err := s.Keep(context.Background(), ev, store.Dedupe{Key: id, Window: time.Hour}); err != nil {
		b.Error(err)
	}
}

func body(n int64) []byte {
	out := make([]byte, 0, 1100)
	for i := uint64(n) * 31; len(out) < 1<<10; i++ {
		out = fmt.Appendf(out, `"lesson":{"id":%d,"of":"%x"},`, i, i*0x9e3779b97f4a7c15)
	}
	return out[:1<<10]
}

func routeAll(ctx context.Context, s *Store, backends []string) {
	for ctx.Err() == nil {
		evs, err := s.Waiting(ctx, 0, 256)
		if err != nil || len(evs) == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		now := time.Now().UTC()
		var rs []store.Routing
		for _, ev := range evs {
			r := store.Routing{Seq: ev.Seq, Outcome: event.Outcome{
				State: event.Routed, At: now, Backends: backends, Dropped: len(backends) == 0,
				Normalized: event.Normalized{Type: "course.completed", Subject: "student/9007199254740993", Time: now,
					Data: event.Data{Student: &event.Person{ID: "9007199254740993", Name: "Ada Lovelace", Email: "ada@school.example"}}},
			}}
			for _, name := range backends {
				r.Deliveries = append(r.Deliveries, &event.Delivery{
					Seq: ev.Seq, Backend: name, EventID: ev.ID, Source: ev.Source, State: event.Waiting,
					Created: now, Due: now, Since: now,
				})
			}
			rs = append(rs, r)
		}
		_ = s.Route(ctx, rs)
	}
}

// deliverAll records each delivery as delivered, 64 at a time.
func deliverAll(ctx context.Context, s *Store) {
	room := make(chan struct{}, 64)
	for ctx.Err() == nil {
		ds, _, err := s.Lease(ctx, "crm", time.Now(), 64, 0)
		if err != nil || len(ds) == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		for _, d := range ds {
			room <- struct{}{}
			go func() {
				_, _ = s.Event(ctx, d.Seq)
				d.Add(event.Attempt{At: time.Now(), Duration: time.Millisecond, Status: 200})
				d.State, d.Finished = event.Delivered, time.Now()
				_ = s.Record(ctx, d)
				<-room
			}()
		}
	}
}

func awaitFinished(b *testing.B, s *Store, events uint64, backends int) {
	for {
		c, err := s.Counts(context.Background())
		must(b, err)
		if c.Events.Routed == events && c.Backends["crm"].Delivered == events*uint64(backends) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// spending is what this process has used; only Linux says it all.
type spending struct {
	cpu               time.Duration
	written, resident int64
}

func spent(b *testing.B) (s spending) {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	s.cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	s.written = number("/proc/self/io", "write_bytes:")
	s.resident = number("/proc/self/status", "VmRSS:") << 10
	return s
}

func number(file, name string) int64 {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}
