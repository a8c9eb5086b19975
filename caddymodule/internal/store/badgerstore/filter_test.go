package badgerstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func numbered(n int) dedupeHash {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return dedupeHash(sum[:])
}

func TestAFilterForgetsNoKeyAndTakesFewStrangersForOne(t *testing.T) {
	b := newBloom(10000)
	for n := range 10000 {
		b.add(numbered(n))
	}
	wrong := 0
	for n := range 20000 {
		switch may := b.mayHave(numbered(n)); {
		case n < 10000 && !may:
			t.Fatalf("key %d is forgotten", n)
		case n >= 10000 && may:
			wrong++
		}
	}
	if wrong > 150 {
		t.Errorf("%d of 10,000 strangers are taken for one, want 1 %%", wrong)
	}
}

// TestNoDuplicateIsMissedWhileTheFilterIsBuilt builds it again and again while
// events come, are indexed and come again.
func TestNoDuplicateIsMissedWhileTheFilterIsBuilt(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	var senders, builder sync.WaitGroup
	done := make(chan struct{})
	builder.Go(func() {
		for {
			s.buildFilter()
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for sender := range 4 {
		senders.Go(func() {
			for n := range 200 {
				id := fmt.Sprintf("%d-%d", sender, n)
				ev := keep(t, s, id, 10)
				if n%3 == 0 {
					must(t, route(s, ev, "", 0))
				}
				for _, again := range []string{id, fmt.Sprintf("%d-%d", sender, n/2)} {
					k, err := s.Keep(ctx, newEvent(again, 10), store.Dedupe{Key: again, Window: time.Hour})
					if err != nil || !k.Duplicate {
						t.Errorf("%s came again and is new: %v", again, err)
					}
				}
			}
		})
	}
	senders.Wait()
	close(done)
	builder.Wait()
}

func TestAFullFilterIsBuiltAnewAndLarger(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	s.aside.Wait()
	s.filter.current.Load().room = 10
	for n := range 12 {
		keep(t, s, fmt.Sprint(n), 10)
	}
	s.aside.Wait()
	if room := s.filter.current.Load().room; room < leastRoom {
		t.Errorf("it has room for %d keys", room)
	}
	for n := range 12 {
		if !s.filter.mayHave(hashKey("knolyx", fmt.Sprint(n))) {
			t.Errorf("key %d is forgotten", n)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	f := newBloom(1 << 22)
	for n := 0; b.Loop(); n++ {
		if f.mayHave(numbered(n)) {
			b.Fatal("an empty filter has a key")
		}
	}
}
