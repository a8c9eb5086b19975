// Package reliability holds tests alone: they run the real binary, break what can
// break round it, and hold the sender's ledger (what was answered how) and the
// backend's ledger (what was delivered) against the promises.
//
// Each test has three sizes: quick is for every run of the tests, ci for each
// change, long for the published table (CONTRIBUTING.md):
//
//	go test ./caddymodule/internal/reliability -size ci
//
// A test that fails prints its seed; -seed makes it do the same again.
package reliability
