package main

import (
	"context"
	"fmt"
)

// curve is how cost grows with something.
type curve struct {
	Title string `json:"title"`
	// Unit is that of X: events, keys, rules or bytes.
	Unit string `json:"unit"`
	// Log tells that the points lie apart by factors.
	Log    bool    `json:"-"`
	Points []point `json:"points"`
}

// point is one point of it.
type point struct {
	X    float64 `json:"x"`
	Rate float64 `json:"accepted_per_second"`
	CPU  float64 `json:"cpu_seconds_per_1000"`
}

func (c *curve) add(p point) { c.Points = append(c.Points, p) }

// grew takes a curve into the report.
func (b *bench) grew(c curve) error {
	if len(c.Points) == 0 {
		return fmt.Errorf("growth with %s: there are no figures", c.Title)
	}
	for _, p := range c.Points {
		if p.Rate <= 0 || p.CPU <= 0 {
			return fmt.Errorf("growth with %s: the figures %+v can't be", c.Title, p)
		}
	}
	b.growth = append(b.growth, c)
	return nil
}

// measurePayloads finds how cost grows with the size of a payload.
func (b *bench) measurePayloads(ctx context.Context) ([]row, error) {
	c := curve{Title: "payload", Unit: "bytes", Log: true}
	for _, size := range b.payloads {
		b.progress.say("%s bytes", commas(size))
		l := b.load()
		l.bytes = size
		s, err := b.onEmpty(ctx, gateway(dropping), l)
		if err != nil {
			return nil, err
		}
		c.add(point{float64(size), s.perSecond(), s.cpu})
	}
	return nil, b.grew(c)
}

// growWithRules finds how cost grows with the number of rules, all of which
// are decided for each event.
func (b *bench) growWithRules(ctx context.Context) error {
	c := curve{Title: "rules", Unit: "rules", Log: true}
	for _, n := range b.rules {
		b.progress.say("%s rules", commas(n))
		s, err := b.onEmpty(ctx, gateway(rulesBeforeDropping(n)...), b.load())
		if err != nil {
			return err
		}
		c.add(point{float64(n), s.perSecond(), s.cpu})
	}
	return b.grew(c)
}
