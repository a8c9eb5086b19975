package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// AdminAPI lets an operator see and steer the gateway below /webhook_gateway/
// on Caddy's admin endpoint. The commands `caddy webhooks …` are its clients.
type AdminAPI struct{}

// CaddyModule returns the Caddy module information.
func (AdminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.webhook_gateway",
		New: func() caddy.Module { return new(AdminAPI) },
	}
}

// Routes returns one route for all. The app is looked up at each request: after
// a reload that failed these routes are the new config's, and the old one runs.
func (*AdminAPI) Routes() []caddy.AdminRoute {
	mux := http.NewServeMux()
	for pattern, handle := range adminHandlers {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+adminapi.Base+path, handle)
		mux.Handle(adminapi.Base+path, wrongMethod(method))
	}
	mux.HandleFunc("GET "+adminapi.Base+adminapi.Backup, adminBackup)
	mux.Handle(adminapi.Base+adminapi.Backup, wrongMethod(http.MethodGet))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		adminProblem(w, http.StatusNotFound, "there is nothing of that name below "+adminapi.Base)
	})
	return []caddy.AdminRoute{{
		Pattern: adminapi.Base,
		Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			if foreign(r) {
				adminProblem(w, http.StatusForbidden, "a page of another origin may not ask this")
				return nil
			}
			r.Body = http.MaxBytesReader(w, r.Body, adminapi.MaxBody)
			mux.ServeHTTP(w, r)
			return nil
		}),
	}}
}

var adminHandlers = map[string]adminHandler{
	"GET status":                          adminStatus,
	"POST " + adminapi.Events:             adminEvents,
	"GET events/{seq}":                    adminShow,
	"POST " + adminapi.Retry:              adminAct("retried by hand", always(gateway.Retry), event.Dead),
	"POST " + adminapi.Reprocess:          adminAct("reprocessed by hand", always(gateway.Reprocess), event.Unrouted, event.Invalid),
	"POST " + adminapi.Discard:            adminAct("discarded by hand", always(gateway.Discard), event.Dead, event.Unrouted, event.Invalid),
	"POST " + adminapi.Replay:             adminAct("replayed by hand", replayAction),
	"GET quarantine":                      adminQuarantine,
	"GET quarantine/{source}/{number}":    adminShowRequest,
	"POST " + adminapi.Release:            adminRelease,
	"POST " + adminapi.DiscardQuarantined: adminDiscardQuarantined,
	"POST " + adminapi.Pause:              adminPause("paused by hand", (*gateway.Engine).Pause),
	"POST " + adminapi.Resume:             adminPause("resumed by hand", (*gateway.Engine).Resume),
}

// adminRequest is a request to a gateway that runs.
type adminRequest struct {
	*http.Request
	engine *gateway.Engine
	log    *slog.Logger
}

// adminHandler answers with a value that becomes JSON, or with an error.
type adminHandler func(r *adminRequest) (any, error)

func (handle adminHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, engine := gatewayFor(w, r)
	if engine == nil {
		return
	}
	leave, ok := engine.Enter()
	if !ok {
		adminProblem(w, http.StatusServiceUnavailable, "the gateway is being closed")
		return
	}
	defer leave()
	answer, err := handle(&adminRequest{r, engine, app.log})
	if err != nil {
		adminError(w, app.log, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, http.StatusOK, "application/json", answer)
}

// begun waits until the first config runs: Caddy's admin endpoint answers before.
func begun(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for caddy.ActiveContext().Context == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// gatewayFor returns the gateway that runs. Where none does, it says so to who
// asked, and the engine is nil.
func gatewayFor(w http.ResponseWriter, r *http.Request) (*App, *gateway.Engine) {
	if !begun(r.Context()) {
		adminProblem(w, http.StatusServiceUnavailable, "the server is starting; try again")
		return nil, nil
	}
	app := activeApp()
	if app == nil {
		adminProblem(w, http.StatusNotFound, "the running config has no webhook_gateway; load one that has it")
		return nil, nil
	}
	engine := app.running()
	if engine == nil {
		adminProblem(w, http.StatusServiceUnavailable, "the gateway isn't running yet; its log says what it waits for")
	}
	return app, engine
}

// foreign tells a request that a browser sends for a page of somebody else.
// Caddy looks at that too, but not for every address it listens on.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

func wrongMethod(method string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		allow(w, []string{method})
		adminProblem(w, http.StatusMethodNotAllowed, "this is asked by "+method)
	})
}

// refusal is what is wrong with a request, by its own fault.
type refusal string

func (r refusal) Error() string { return string(r) }

// missing is what a request names and isn't there.
type missing string

func (m missing) Error() string { return string(m) }

// adminError answers an error. What isn't the request's fault may name files,
// so it goes to the log.
func adminError(w http.ResponseWriter, log *slog.Logger, err error) {
	var own refusal
	var nowhere missing
	var tooLarge *http.MaxBytesError
	var damaged *store.DamagedError
	switch {
	case errors.Is(err, context.Canceled): // nobody waits for the answer
	case errors.As(err, &tooLarge):
		adminProblem(w, http.StatusRequestEntityTooLarge, "the body is over the limit")
	case errors.As(err, &own), errors.Is(err, gateway.ErrFilter):
		adminProblem(w, http.StatusBadRequest, err.Error())
	case errors.As(err, &nowhere), errors.Is(err, store.ErrNotFound), errors.Is(err, gateway.ErrNoSource):
		adminProblem(w, http.StatusNotFound, err.Error())
	case errors.As(err, &damaged):
		log.Error("an event is damaged on disk", "error", err)
		adminProblem(w, http.StatusInternalServerError, fmt.Sprintf("event %d is damaged on disk; `caddy webhooks doctor` says more", damaged.Seq))
	case errors.Is(err, store.ErrLowSpace), errors.Is(err, store.ErrStalled), errors.Is(err, store.ErrBroken):
		log.Error("the admin api failed", "error", err)
		adminProblem(w, http.StatusServiceUnavailable, err.Error())
	default:
		log.Error("the admin api failed", "error", err)
		adminProblem(w, http.StatusInternalServerError, "the gateway failed; its log says why")
	}
}

func adminProblem(w http.ResponseWriter, status int, detail string) {
	write(w, status, "application/problem+json",
		adminapi.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

// read reads a body. What it doesn't know it refuses: a filter that is misspelt
// would mean more than it should.
func (r *adminRequest) read(body any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refusal("the body must be application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(body)
	if err == nil {
		if _, err = d.Token(); err == nil {
			return refusal("the body holds more than one value")
		} else if errors.Is(err, io.EOF) {
			return nil
		}
	}
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		return refusal("the body can't be read: " + err.Error())
	}
	return err
}

// did logs what an operator did, and who that was.
func (r *adminRequest) did(what string, attrs ...any) {
	r.log.Info(what, append(attrs, "remote_address", r.RemoteAddr, "user_agent", r.UserAgent())...)
}

var _ caddy.AdminRouter = (*AdminAPI)(nil)
