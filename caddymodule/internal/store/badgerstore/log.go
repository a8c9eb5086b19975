package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// badgerLog passes on Badger's errors and warnings; the rest is chatter.
type badgerLog struct {
	log *slog.Logger
	// broke hears of work that failed, which nobody waits for; nil where
	// nothing is written.
	broke func(error)
}

// unattended begin the messages about failures that Badger tells its log alone: it
// makes tables of its memtables and merges tables, and tries again for ever; and it
// goes on when its value log can't be synced. It can't be relied on from then on.
var unattended = []string{"error flushing memtable to disk", "While running doCompact", "Error while curlf sync"}

// chatter begin the warnings that come each minute and that nobody can act on.
var chatter = []string{"Block cache might be too small", "Index cache might be too small", "Cache life expectancy"}

func (l badgerLog) Errorf(format string, args ...any) {
	message := line(format, args)
	l.log.Error("badger", "message", message)
	l.hear(message)
}

func (l badgerLog) Warningf(format string, args ...any) {
	message := line(format, args)
	if !slices.ContainsFunc(chatter, func(c string) bool { return strings.HasPrefix(message, c) }) {
		l.log.Warn("badger", "message", message)
	}
	l.hear(message)
}

func (l badgerLog) hear(message string) {
	for _, failure := range unattended {
		if l.broke != nil && strings.HasPrefix(message, failure) {
			l.broke(errors.New(message))
		}
	}
}

func (badgerLog) Infof(string, ...any)  {}
func (badgerLog) Debugf(string, ...any) {}

func line(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}
