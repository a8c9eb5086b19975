package caddymodule

import (
	"fmt"
	"io"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// progress is a line that tells a person how far something is.
type progress struct{ w io.Writer }

func (a *asking) progress() *progress { return progressOn(a.ErrOrStderr()) }

func progressOn(w io.Writer) *progress {
	if show.IsTerminal(w) {
		return &progress{w}
	}
	return &progress{io.Discard}
}

func (p *progress) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
}

func (p *progress) clear() { _, _ = fmt.Fprint(p.w, "\r\x1b[K") }
