package gateway

import (
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/tracing"
	"github.com/porterslodge/porterslodge/rules"
)

// Config is one generation of the configuration, compiled. It never changes
// after it was attached.
type Config struct {
	Rules    *rules.Set
	Backends []*Backend
	// Sources by name; an event whose source is gone is normalized with its
	// sender's defaults.
	Sources    map[string]*Source
	Retention  Retention
	Quarantine Quarantine
	// Tracer makes spans of keeping and routing; nil makes none.
	Tracer *tracing.Tracer
}

// backend is the one of that name; nil where there is none.
func (c *Config) backend(name string) *Backend {
	for _, b := range c.Backends {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// Backend is an internal endpoint, and how its deliveries are ordered.
type Backend struct {
	*delivery.Backend
	// OrderBy gives the value whose deliveries go one at a time, in order of
	// arrival; nil, or an empty value, orders nothing.
	OrderBy *rules.Value
}

// Retention is how long events stay after they are finished, or stuck: that
// is unrouted, invalid or with a dead delivery.
type Retention struct{ Finished, Stuck time.Duration }

// Quarantine bounds each source's quarantine.
type Quarantine struct {
	Age   time.Duration
	Limit int
}

// Defaults of a school's config.
const (
	DefaultFinished        = 30 * 24 * time.Hour
	DefaultStuck           = 90 * 24 * time.Hour
	DefaultQuarantineAge   = 7 * 24 * time.Hour
	DefaultQuarantineLimit = 1000
)
