package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress tells on a terminal, in one line that is written anew, what is
// being done; elsewhere in plain lines, and not too many of them.
type progress struct {
	out      io.Writer
	terminal bool
	begun    time.Time

	mu      sync.Mutex
	what    string
	written time.Time
}

const (
	terminalEvery = 200 * time.Millisecond
	plainEvery    = 10 * time.Second
)

func newProgress(out *os.File) *progress {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &progress{out: out, terminal: terminal, begun: time.Now()}
}

// begin says what is measured from now on.
func (p *progress) begin(what string) {
	p.mu.Lock()
	p.what, p.written = what, time.Time{}
	p.mu.Unlock()
	p.say("begins")
}

// say tells how far it is.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := plainEvery
	if p.terminal {
		every = terminalEvery
	}
	if now := time.Now(); now.Sub(p.written) >= every {
		p.written = now
		p.write(p.what+": "+fmt.Sprintf(format, args...), p.terminal)
	}
}

// note leaves a line that stays.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write(fmt.Sprintf(format, args...), false)
}

// write replaces the line on a terminal; a passing one may be replaced later.
func (p *progress) write(text string, passing bool) {
	start, end := "", "\n"
	if p.terminal {
		start = "\r\x1b[K"
	}
	if passing {
		end = ""
	}
	elapsed := time.Since(p.begun).Round(time.Second)
	_, _ = fmt.Fprintf(p.out, "%s%6v  %s%s", start, elapsed, text, end) // only for whoever looks on
}
