package caddymodule

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// configured is a source in a config that doesn't run, with its URLs.
type configured struct {
	SourceConfig
	urls []string
}

// unknownHost stands in a URL for what the config doesn't say.
const unknownHost = "<this server>"

// configuredSources finds the sources in a config and where they stand.
func configuredSources(config []byte) ([]*configured, error) {
	var whole struct {
		Apps struct {
			HTTP caddyhttp.App `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(config, &whole); err != nil {
		return nil, fmt.Errorf("the config: %w", err)
	}
	found := &finder{http: &whole.Apps.HTTP}
	for _, name := range slices.Sorted(maps.Keys(whole.Apps.HTTP.Servers)) {
		server := whole.Apps.HTTP.Servers[name]
		if err := found.in(server.Routes, spot{server: server}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(found.sources, func(a, b *configured) int { return cmp.Compare(a.label(), b.label()) })
	return found.sources, nil
}

// finder walks through a config's routes.
type finder struct {
	http    *caddyhttp.App
	sources []*configured
}

// spot is how far the routes have led: to hosts, below a path.
type spot struct {
	server *caddyhttp.Server
	hosts  []string
	// prefix was stripped off the path; path is the nearest that was matched.
	prefix, path string
}

func (f *finder) in(routes caddyhttp.RouteList, at spot) error {
	for _, route := range routes {
		here := at
		for _, set := range route.MatcherSetsRaw {
			var hosts, paths []string
			_ = json.Unmarshal(set["host"], &hosts)
			_ = json.Unmarshal(set["path"], &paths)
			here.hosts = append(slices.Clone(here.hosts), hosts...)
			if len(paths) > 0 {
				here.path = paths[0]
			}
		}
		for _, raw := range route.HandlersRaw {
			if err := f.handler(raw, &here); err != nil {
				return err
			}
		}
		at.prefix = here.prefix // what is stripped stays so for the routes behind
	}
	return nil
}

// handler looks at one handler: a source, or what leads to some.
func (f *finder) handler(raw json.RawMessage, at *spot) error {
	var h struct {
		Handler string `json:"handler"`
		Strip   string `json:"strip_path_prefix"`
		caddyhttp.Subroute
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return fmt.Errorf("a handler in the config: %w", err)
	}
	switch h.Handler {
	case "rewrite":
		at.prefix += h.Strip
	case "subroute":
		return f.in(h.Routes, *at)
	case directive:
		var c SourceConfig
		if err := json.Unmarshal(raw, &c); err != nil {
			return fmt.Errorf("a source in the config: %w", err)
		}
		f.add(c, *at)
	}
	return nil
}

// add takes a source, of which another site or route may know already.
func (f *finder) add(c SourceConfig, at spot) {
	i := slices.IndexFunc(f.sources, func(s *configured) bool { return s.label() == c.label() })
	if i < 0 {
		f.sources = append(f.sources, &configured{SourceConfig: c})
		i = len(f.sources) - 1
	}
	path := at.prefix + cmp.Or(c.Path, strings.TrimRight(at.path, "/*"))
	if len(at.hosts) == 0 {
		at.hosts = []string{unknownHost}
	}
	for _, host := range at.hosts {
		if url := f.origin(at.server, host) + path; !slices.Contains(f.sources[i].urls, url) {
			f.sources[i].urls = append(f.sources[i].urls, url)
		}
	}
}

// origin is scheme, host and port, as a sender would call them.
func (f *finder) origin(server *caddyhttp.Server, host string) string {
	port := f.port(server)
	httpPort, httpsPort := cmp.Or(f.http.HTTPPort, caddyhttp.DefaultHTTPPort), cmp.Or(f.http.HTTPSPort, caddyhttp.DefaultHTTPSPort)
	automatic := host != unknownHost && (server.AutoHTTPS == nil ||
		!server.AutoHTTPS.Disabled && !slices.Contains(server.AutoHTTPS.Skip, host))
	switch {
	case port == httpPort:
		return "http://" + withPort(host, port, caddyhttp.DefaultHTTPPort)
	case port == httpsPort || len(server.TLSConnPolicies) > 0 || automatic:
		return "https://" + withPort(host, port, caddyhttp.DefaultHTTPSPort)
	}
	return "http://" + withPort(host, port, caddyhttp.DefaultHTTPPort)
}

// port is the first one that a server listens on; 443 for a socket, in front
// of which something else must stand.
func (f *finder) port(server *caddyhttp.Server) int {
	for _, listen := range server.Listen {
		if address, err := caddy.ParseNetworkAddress(listen); err == nil && !address.IsUnixNetwork() {
			return int(address.StartPort)
		}
	}
	return caddyhttp.DefaultHTTPSPort
}

func withPort(host string, port, usual int) string {
	if port == usual {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
