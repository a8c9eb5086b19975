package caddymodule

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
)

// parseSource reads:
//
//	receive_webhooks [<matcher>] <sender> {
//		name <name>
//		secret|token|url_token <values...>
//		basic_auth <user> <password or hash>
//		...
//	}
//
// sourceOptions has the whole list.
func parseSource(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next()
	matcher, matched, err := h.MatcherToken()
	if err != nil {
		return nil, err
	}
	handler := new(Handler)
	path := ""
	if matched {
		path = h.Val()
		if !h.NextArg() {
			return nil, h.Errf("receive_webhooks needs a sender; write `receive_webhooks %s <sender>`, one of %s", told(path), strings.Join(sender.Names(), ", "))
		}
	}
	handler.Sender = h.Val()
	if handler.Sender == directive {
		return nil, h.Errf("receive_webhooks needs a path and a sender; write `receive_webhooks /knolyx knolyx`")
	}
	if h.NextArg() {
		return nil, h.Errf("receive_webhooks takes a path and a sender, and %q is one too many", told(h.Val()))
	}
	base, matchers := sourcePath(path, matcher)
	handler.Path = base
	head := *h.Dispenser // its errors name this line, not that of the block's end
	if err := sourceOptions.parseBlock(&handler.SourceConfig, h.Dispenser); err != nil {
		return nil, err
	}
	if err := handler.check(); err != nil {
		return nil, head.WrapErr(fmt.Errorf("source %s: %w", handler.label(), err))
	}
	site, first := siteOf(h)
	if err := site.claim(path, handler.label()); err != nil {
		return nil, head.WrapErr(err)
	}
	var routes []httpcaddyfile.ConfigValue
	for _, m := range matchers {
		routes = append(routes, h.NewRoute(m, handler)...)
	}
	if first {
		routes = append(routes, h.NewRoute(nil, new(NotFound))...)
	}
	return routes, nil
}

// sourcePath is the path that a source stands at, and the matchers of its routes:
// a path with everything below it begins at the path itself. Each matches one path,
// for only such routes are sorted by Caddy, so that the more specific one wins.
func sourcePath(path string, matcher caddy.ModuleMap) (string, []caddy.ModuleMap) {
	matchers := []caddy.ModuleMap{matcher}
	if !strings.HasPrefix(path, "/") {
		return "", matchers
	}
	base, below := strings.CutSuffix(path, "/*")
	if strings.Contains(base, "*") {
		return "", matchers
	}
	if below && base != "" {
		matchers = append(matchers, caddy.ModuleMap{"path": caddyconfig.JSON([]string{base}, nil)})
	}
	return base, matchers
}

// site is what is known of one site block while it is adapted.
type site struct {
	// helper keeps the block's matcher definitions alive, whose address is the
	// block's identity.
	helper httpcaddyfile.Helper
	paths  map[string]string
}

// siteOf finds the block that a directive stands in. A Helper doesn't name it,
// but each block has its own map of matcher definitions.
func siteOf(h httpcaddyfile.Helper) (s *site, first bool) {
	const key = "webhook_gateway.sites"
	sites, _ := h.State[key].(map[uintptr]*site)
	if sites == nil {
		sites = make(map[uintptr]*site)
		h.State[key] = sites
	}
	s = &site{helper: h, paths: make(map[string]string)}
	defs := reflect.ValueOf(h).FieldByName("matcherDefs")
	if !defs.IsValid() || defs.Kind() != reflect.Map || defs.IsNil() {
		return s, true
	}
	if known := sites[defs.Pointer()]; known != nil {
		return known, false
	}
	sites[defs.Pointer()] = s
	return s, true
}

// claim takes a path for a source.
func (s *site) claim(path, name string) error {
	path = strings.TrimSuffix(strings.ToLower(path), "/*")
	if taken, ok := s.paths[path]; ok {
		return fmt.Errorf("the sources %s and %s stand on one path, so the second would never get a request; give each its own path", taken, name)
	}
	s.paths[path] = name
	return nil
}
