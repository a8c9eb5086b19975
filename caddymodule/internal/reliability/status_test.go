package reliability

import (
	"context"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// api asks the running server as an operator's command does.
func (g *gateway) api() *adminapi.Client { return &adminapi.Client{HTTP: g.admin, Host: "admin"} }

// settled waits until nothing waits, and returns how the gateway stands.
func (g *gateway) settled() (s adminapi.Status) {
	g.t.Helper()
	g.until(time.Minute, "nothing waits", func() bool {
		var err error
		if s, err = g.api().Status(context.Background()); err != nil || len(s.Backends) == 0 {
			return false
		}
		waiting := s.Events.Waiting
		for _, b := range s.Backends {
			waiting += b.Waiting
		}
		return waiting == 0 && s.Events.Routed > 0
	})
	return s
}
