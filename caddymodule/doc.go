// Package caddymodule is Porterslodge's edge to Caddy, and the only package
// that imports it. It maps configuration onto the gateway and follows Caddy's
// lifecycle; what becomes of a request is decided in internal/gateway.
//
//	app.go       webhook_gateway, the app: backends, rules, retention, the store
//	lifecycle.go start, stop, and what a reload does between them
//	handler.go   http.handlers.receive_webhooks: one source
//	source.go    how a handler's config becomes a gateway.Source
//	caddyfile*.go  the same from a Caddyfile
//	command*.go  caddy webhooks: what operators type
//	admin*.go    what operators ask and do, on the admin endpoint
//	metrics*.go  what Prometheus sees on Caddy's own endpoint
//	traces.go    what Caddy's tracing sees
//	events.go    what Caddy's events app is told
//	health.go    webhook_health, and the same on the admin endpoint
//	pool.go      one engine for each store, shared by the configs of a reload
package caddymodule
