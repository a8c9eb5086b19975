package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// syncTime is the median time of a sync.
func (b *bench) syncTime() (time.Duration, error) {
	took, err := b.syncs(200, 0)
	return median(took), err
}

// syncs are the times to append 4 KiB to a file and sync it, in the folder that
// the stores are in: what any gateway has to wait for. There is a pause after each.
func (b *bench) syncs(n int, pause time.Duration) (took latencies, err error) {
	f, err := os.CreateTemp(b.folder, "sync")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4*kib)
	for range n {
		begun := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := fdatasync(f); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
		time.Sleep(pause)
	}
	return took, nil
}

// stalls are how long syncs take at worst while nothing else is written: what
// each measurement of a p99 stands on.
type stalls struct {
	p99s    []float64 // of each round, in seconds
	longest time.Duration
}

func (s *stalls) look(b *bench) error {
	const pause = 2 * time.Millisecond
	took, err := b.syncs(int(b.window/pause), pause)
	if err != nil {
		return err
	}
	took.sort()
	s.p99s = append(s.p99s, took.at(.99).Seconds())
	s.longest = max(s.longest, took.at(1))
	return nil
}

func (s *stalls) row() row {
	return row{
		What: "p99 of a sync alone, while nothing else is written", Unit: "s", Rounds: s.p99s,
		Measured: fmt.Sprintf("%s, the longest %s", ms(median(s.p99s)), ms(s.longest.Seconds())),
	}
}
