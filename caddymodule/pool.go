package caddymodule

import (
	"fmt"
	"log/slog"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// engines holds one engine for each store. During a reload the old and the new
// config are alive together and share it; the last one to let go closes it.
var engines = caddy.NewUsagePool()

// pooled lets the pool close an engine.
type pooled struct{ *gateway.Engine }

// Destruct is called when no config uses the engine any more.
func (p pooled) Destruct() error { return p.Close() }

func holdEngine(s storeModule, log *slog.Logger) (*gateway.Engine, error) {
	v, _, err := engines.LoadOrNew(s.identity(), func() (caddy.Destructor, error) {
		addProcessors()
		boundMemory()
		opened, err := s.open(log)
		if err != nil {
			return nil, err
		}
		if w, ok := opened.(store.Watched); ok {
			w.OnCommit(meters.committed)
		}
		return pooled{gateway.New(opened, log)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return v.(pooled).Engine, nil
}

// releaseEngine tells whether nobody else uses the engine, which then is closed.
func releaseEngine(s storeModule) (closed bool, err error) {
	return engines.Delete(s.identity())
}
