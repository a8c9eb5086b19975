package caddymodule

import (
	"errors"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const healthDirective = "webhook_health"

// The checks. Whatever balances load sends requests where the gateway is
// ready; whatever restarts servers looks whether it is live.
const (
	checkLive  = "live"
	checkReady = "ready"
)

// Health answers whether the gateway is live or ready, in a site.
type Health struct {
	// What is asked: `live`, whether the server answers at all, or `ready`,
	// whether a request would be kept now. A backlog or a backend that is down
	// makes it neither. Default: ready.
	Check string `json:"check,omitempty"`
}

var errUnknownCheck = errors.New("webhook_health knows the checks live and ready; write one of them, or none for ready")

// CaddyModule returns the Caddy module information.
func (Health) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.webhook_health",
		New: func() caddy.Module { return new(Health) },
	}
}

// Validate refuses a check that there is not.
func (h *Health) Validate() error {
	if !slices.Contains([]string{"", checkLive, checkReady}, h.Check) {
		return errUnknownCheck
	}
	return nil
}

// ServeHTTP answers; nothing comes after it.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	serveHealth(w, r, h.Check)
	return nil
}

// serveHealth says yes or no, and nothing that an attacker could use.
func serveHealth(w http.ResponseWriter, r *http.Request, check string) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		allow(w, []string{http.MethodGet, http.MethodHead})
		problem(w, http.StatusMethodNotAllowed)
		return
	}
	if check == checkLive {
		write(w, http.StatusOK, "application/json", health{"live"})
		return
	}
	if app := activeApp(); app == nil || app.ready() != nil {
		unavailable(w)
		return
	}
	write(w, http.StatusOK, "application/json", health{"ready"})
}

type health struct {
	Status string `json:"status"`
}

// AdminHealth serves both checks on Caddy's admin endpoint, and sees to it
// that a config's metrics are there even where an app of it can't be made.
type AdminHealth struct{}

// CaddyModule returns the Caddy module information.
func (AdminHealth) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.webhook_health",
		New: func() caddy.Module { return new(AdminHealth) },
	}
}

// Provision registers the metrics: after a reload that failed, the endpoint
// has the new config's registry, and the old config goes on.
func (*AdminHealth) Provision(ctx caddy.Context) error { return meters.register(ctx) }

// Routes returns one route for each check.
func (*AdminHealth) Routes() []caddy.AdminRoute {
	routes := make([]caddy.AdminRoute, 0, 2)
	for _, check := range []string{checkLive, checkReady} {
		routes = append(routes, caddy.AdminRoute{
			Pattern: "/" + appName + "/health/" + check,
			Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				serveHealth(w, r, check)
				return nil
			}),
		})
	}
	return routes
}

// parseHealth reads:
//
//	webhook_health [<matcher>] [live|ready]
func parseHealth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	health := new(Health)
	args := h.RemainingArgs()
	if len(args) > 1 {
		return nil, h.Err("wrong number of arguments for webhook_health; write `webhook_health /healthz` or `webhook_health /healthz live`")
	}
	if len(args) == 1 {
		health.Check = args[0]
	}
	if err := health.Validate(); err != nil {
		return nil, h.WrapErr(err)
	}
	if h.NextBlock(0) {
		return nil, h.Err("webhook_health takes no block; write `webhook_health /healthz`")
	}
	return health, nil
}

var (
	_ caddy.Validator             = (*Health)(nil)
	_ caddyhttp.MiddlewareHandler = (*Health)(nil)
	_ caddy.Provisioner           = (*AdminHealth)(nil)
	_ caddy.AdminRouter           = (*AdminHealth)(nil)
)
