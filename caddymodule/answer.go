package caddymodule

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
)

// retryAfter is how many seconds a sender is asked to wait when its request
// could not be kept.
const retryAfter = 5

// tell answers what became of a request. A quarantined one is answered like a
// kept one, so that the answer helps nobody to guess a secret.
func (h *Handler) tell(w http.ResponseWriter, a gateway.Answer) {
	switch a.Verdict {
	case gateway.Kept, gateway.Quarantined:
		answer(w, h.respond, reply{ID: a.ID})
	case gateway.Duplicate:
		answer(w, http.StatusOK, reply{ID: a.ID, Duplicate: true})
	case gateway.Challenged:
		w.Header().Set("WWW-Authenticate", `Basic realm="webhooks", charset="UTF-8"`)
		problem(w, http.StatusUnauthorized)
	default:
		problem(w, http.StatusUnauthorized)
	}
}

type reply struct {
	ID        string `json:"id"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

func answer(w http.ResponseWriter, status int, body reply) {
	if status == http.StatusNoContent || status == http.StatusResetContent {
		w.WriteHeader(status)
		return
	}
	write(w, status, "application/json", body)
}

func allow(w http.ResponseWriter, methods []string) {
	w.Header().Set("Allow", strings.Join(methods, ", "))
}

// unavailable asks the sender to come again: nothing was kept, by a fault of
// ours or because the gateway is not running just now.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	problem(w, http.StatusServiceUnavailable)
}

// problem answers with RFC 9457's form, and no detail that would help an attacker.
func problem(w http.ResponseWriter, status int) {
	write(w, status, "application/problem+json", struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
	}{http.StatusText(status), status})
}

// write sends a small JSON body. Its errors are the client's: it has gone.
func write(w http.ResponseWriter, status int, contentType string, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
