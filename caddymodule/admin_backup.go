package caddymodule

import (
	"errors"
	"net/http"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// backupStall is how long whoever asked for a backup may take nothing of it.
// A server that stops waits no longer than this for the store.
const backupStall = 20 * time.Second

// adminBackup answers a backup. The engine isn't entered, for its closing would
// wait for the whole of it.
func adminBackup(w http.ResponseWriter, r *http.Request) {
	app, engine := gatewayFor(w, r)
	if engine == nil {
		return
	}
	asked := &adminRequest{r, engine, app.log}
	to := &backupAnswer{w: w, control: http.NewResponseController(w)}
	// Caddy's limit for reading a request would end the answer too.
	_ = to.control.SetReadDeadline(time.Time{})
	begun := time.Now()
	err := engine.Backup(r.Context(), to)
	switch {
	case err == nil:
		asked.did("backed up", "bytes", to.written, "duration", time.Since(begun))
	case to.written > 0:
		asked.log.Error("a backup broke off", "bytes", to.written, "error", err)
		panic(http.ErrAbortHandler) // so that it doesn't look whole
	case errors.Is(err, store.ErrBroken), errors.Is(err, gateway.ErrNoBackup):
		adminProblem(w, http.StatusConflict, err.Error())
	case errors.Is(err, store.ErrClosed):
		adminProblem(w, http.StatusServiceUnavailable, "the gateway is being closed")
	default:
		adminError(w, app.log, err)
	}
}

// backupAnswer is an answer that may take as long as it likes, as long as
// somebody takes it.
type backupAnswer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	written int64
}

func (a *backupAnswer) Write(data []byte) (int, error) {
	if a.written == 0 {
		a.w.Header().Set("Content-Type", adminapi.BackupType)
		a.w.Header().Set("Cache-Control", "no-store")
	}
	if err := a.control.SetWriteDeadline(time.Now().Add(backupStall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := a.w.Write(data)
	a.written += int64(n)
	return n, err
}
