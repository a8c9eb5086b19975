package verify

import (
	"net/http"
	"time"
)

// Request is what a verifier may look at. It changes nothing in it.
type Request struct {
	Method string
	// URL is what the sender called: scheme://host/path?query.
	URL    string
	Header http.Header
	// Token is the token found in the URL, "" where there is none.
	Token string
	Body  []byte
	// Now is the time that timestamps are held against.
	Now time.Time
}

// Result is what became of a verification.
type Result struct {
	OK bool
	// Secret tells which configured secret matched, from 0; -1 for none.
	Secret int
	// Reason says why not, one of those in reason.go; "" when OK.
	Reason string
	// Missing is set when the request carries no credentials for this scheme
	// at all, so that asking for them makes sense.
	Missing bool
}

// Verifier decides about a request. It is safe for concurrent use.
type Verifier interface {
	Verify(r *Request) Result
}

// matched makes a result of the position of the secret that matched, or -1.
func matched(secret int) Result {
	if secret < 0 {
		return refused(ReasonNoMatch)
	}
	return Result{OK: true, Secret: secret}
}

func refused(reason string) Result {
	return Result{Secret: -1, Reason: reason}
}

func missing(reason string) Result {
	return Result{Secret: -1, Reason: reason, Missing: true}
}
