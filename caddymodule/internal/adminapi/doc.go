// Package adminapi is what the running server and the commands say to each
// other: JSON below /webhook_gateway/ on Caddy's admin API. GET changes
// nothing; what changes something is a POST. Errors are problem+json (RFC 9457).
//
//	status.go   GET  status
//	events.go   POST events, which changes nothing; GET events/{seq}
//	shown.go    what events/{seq} and quarantine/{source}/{number} answer
//	act.go      POST retry, replay, reprocess, discard
//	release.go  GET  quarantine, quarantine/{source}/{number};
//	            POST quarantine/release, quarantine/discard
//	pause.go    POST pause, resume
//	backup.go   GET  backup, which answers one
//	client.go   asks for all that
//
// A page says by Next where to go on; without one it was the last.
package adminapi

// Base is where everything stands on the admin API.
const Base = "/webhook_gateway/"

// MaxBody is how big a request's body may be, in bytes.
const MaxBody = 64 << 10

// MaxPage is how many events or requests one call is about at most.
const MaxPage = 500
