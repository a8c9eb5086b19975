package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// measureDeliver is how many events a second are accepted, routed and
// delivered while none pile up. It tries falling rates until one holds.
func (b *bench) measureDeliver(ctx context.Context) ([]row, error) {
	if b.acceptOnly == 0 {
		s, err := b.onEmpty(ctx, gateway(dropping), b.load())
		if err != nil {
			return nil, err
		}
		b.acceptOnly = s.perSecond()
	}
	bar := max(b.deliveries, .4*b.acceptOnly)
	r := row{
		What: fmt.Sprintf("delivered/s to a fast backend, sustained for %g s", b.sustained.Seconds()),
		Bar:  fmt.Sprintf("≥ %s/s and ≥ 0.4 × accepted/s (%s/s)", commas(int(b.deliveries)), count(.4*b.acceptOnly)),
		Unit: "events/s",
	}
	for _, share := range []float64{1, .9, .8, .7, .6, .5, .4, .3, .2, .1} {
		s, err := b.sustain(ctx, share*bar)
		if err != nil {
			return nil, err
		}
		r.Rounds = []float64{s.perSecond()}
		if !s.growing() {
			// An open loop offers what it promises but for a fraction.
			r.Met = s.perSecond() >= .99*bar
			r.Measured = fmt.Sprintf("%s/s, %.2f ×, %.3f CPU-s per 1,000", count(s.perSecond()), s.perSecond()/b.acceptOnly, s.cpu)
			return []row{r}, nil
		}
		r.Measured = fmt.Sprintf("less than %s/s", count(share*bar))
	}
	return []row{r}, nil
}

// flow is what was seen of deliveries while a load went on.
type flow struct {
	offered  float64 // events a second
	lasted   time.Duration
	arrived  int     // in that time
	backlogs []int   // accepted and not yet arrived, at equal distances
	hopeless bool    // it was given up
	cpu      float64 // seconds for 1,000 events
}

func (f flow) perSecond() float64 {
	looked := f.lasted.Seconds() * float64(len(f.backlogs)) / flowLooks
	return float64(f.arrived) / looked
}

// growing tells whether more events waited in the last third than in the
// middle one, by over a hundredth of what was offered in between.
func (f flow) growing() bool {
	third := len(f.backlogs) / 3
	if f.hopeless || third == 0 {
		return true
	}
	middle, last := f.backlogs[third:2*third], f.backlogs[2*third:]
	return mean(last)-mean(middle) > f.offered*f.lasted.Seconds()/3/100
}

func mean(values []int) float64 {
	sum := 0
	for _, v := range values {
		sum += v
	}
	return float64(sum) / float64(len(values))
}

const (
	// flowLooks is how often a flow is looked at.
	flowLooks = 60
	// hopeless is how many seconds' worth of events wait when it is given up.
	hopeless = 5
)

var errHopeless = errors.New("events pile up")

// sustain offers a rate to a gateway that delivers.
func (b *bench) sustain(ctx context.Context, rate float64) (f flow, err error) {
	to, err := newBackend()
	if err != nil {
		return f, err
	}
	p, err := b.begin(ctx, gateway(delivering(to.url(), b.backoff)))
	if err != nil {
		return f, errors.Join(err, to.close())
	}
	defer func() { err = errors.Join(err, b.remove(p), to.close()) }()
	l := b.open(rate)
	l.measured = b.sustained
	watched := make(chan struct{})
	loading, end := context.WithCancelCause(ctx)
	accepted := b.answered.Load() - to.arrived.Load()
	f = flow{offered: rate, lasted: b.sustained}
	go func() {
		defer close(watched)
		f.watch(loading, b, to, accepted, end)
	}()
	s, err := b.offer(loading, p, l)
	end(nil)
	<-watched
	f.cpu = s.cpu
	if errors.Is(err, errHopeless) {
		f.hopeless, err = true, nil
	}
	return f, err
}

// watch counts what arrives after the warm-up, and gives up where it is hopeless.
func (f *flow) watch(ctx context.Context, b *bench, to *backend, before int64, giveUp context.CancelCauseFunc) {
	begun, first := time.Now(), int64(0)
	for look := range flowLooks + 1 {
		due := begun.Add(b.warm + f.lasted*time.Duration(look)/flowLooks)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		arrived := to.arrived.Load()
		backlog := int(b.answered.Load() - before - arrived)
		if look == 0 {
			first = arrived
			continue
		}
		f.arrived = int(arrived - first)
		f.backlogs = append(f.backlogs, backlog)
		b.progress.say("%s/s offered, %s arrived, %s wait", count(f.offered), commas(f.arrived), commas(backlog))
		if float64(backlog) > hopeless*f.offered {
			giveUp(errHopeless)
			return
		}
	}
}
