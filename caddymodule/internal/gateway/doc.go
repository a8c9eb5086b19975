// Package gateway is the engine of Porterslodge: it accepts requests, routes
// the events among them and has them delivered. It knows nothing of Caddy;
// caddymodule maps its configuration onto Config and Source and holds one
// Engine for each store.
//
// What it promises, each held by a test that names it:
//
//  1. A 2xx means kept. No 2xx is sent before the event is on disk, or is
//     known to be on disk already, or its request is in the quarantine.
//  2. A genuine event always gets a fast 2xx, whatever happens behind the
//     gateway.
//  3. Nothing kept is lost. Every event reaches each of its backends, or
//     stands as unrouted, invalid or dead where an operator sees it. Counts
//     add up.
//  4. One event, one forward. Only a crash or a timeout between a backend's
//     answer and our record can repeat it, with the same Idempotency-Key.
//  5. Only verified requests count as seen.
//  6. The answer tells an attacker nothing.
//  7. A config reload, good or bad, drops nothing and repeats nothing.
//  8. A backend that is down or slow affects no other backend, and no sender.
//
// The way of an event through the files:
//
//	accept.go ── source.go        verify, identify, keep: on the answer's path
//	route.go ── environment.go    normalize, decide: off it, in order of arrival
//	generations.go                which config is in force, a worker per backend
//	purge.go                      what has had its time
//	status.go                     how it stands, for those who watch
//	engine.go                     opening, draining, closing
package gateway
