package sender

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// maxType bounds a type made from a sender's own name, in bytes.
const maxType = 100

// maxName bounds a name or id that becomes an attribute of an event, in bytes.
const maxName = 200

// Word is an event's name at the sender and what it becomes.
type Word struct{ Sends, Becomes string }

// become returns our type for a sender's own name of an event. What the
// vocabulary lacks becomes "<sender>.<its own name>".
func (p profile) become(name string) string {
	for _, w := range p.words {
		if w.Sends == name {
			return w.Becomes
		}
	}
	if name == "" {
		name = "unknown"
	}
	t := p.name + "." + slug(name)
	return t[:min(len(t), maxType)]
}

// normalized begins an event's normal form with what every sender needs: type
// and time, zero where the sender gives none.
func (p profile) normalized(ev *event.Event, senderType string, at time.Time) event.Normalized {
	if at.IsZero() {
		at = ev.Time // of one that is replayed, or was released
	}
	if at.IsZero() {
		at = ev.Request.Received
	}
	return event.Normalized{Type: p.become(senderType), Time: at}
}

// slug lower-cases a name and turns every character but [a-z0-9] into "_".
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}

// label returns a name or id that is fit to be an attribute of an event: short
// and without control characters. Any other is "", as if it weren't there.
func label(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// lastSegment returns what stands after the last slash of a path.
func lastSegment(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}
