// Package failpoint lets a test end the process at a step of an event's way. It
// does nothing, at no cost, unless the binary is built with the tag failpoints:
// then PORTERSLODGE_FAILPOINT=routed:2 ends it when routed is passed for the
// second time, as a kill would, with [ExitCode].
package failpoint

// The steps, in the order in which an event passes them.
const (
	Received = "received" // the body was read
	Verified = "verified" // the request proved itself
	Written  = "written"  // the event is in its file, and not yet synced
	Kept     = "kept"     // the event, or the first of a duplicate, is on disk
	Answered = "answered" // the answer was given to the server, which sends it now
	Routing  = "routing"  // what becomes of the event is decided
	Routed   = "routed"   // and on disk
	Sending  = "sending"  // an attempt begins
	Sent     = "sent"     // the backend answered it
	Recorded = "recorded" // and the answer is on disk
)

// ExitCode tells an end by a failpoint from any other.
const ExitCode = 86
