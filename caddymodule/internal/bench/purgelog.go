package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// awaitPurge follows the log until all that is kept was purged.
func (b *bench) awaitPurge(ctx context.Context, p *process) error {
	log, err := os.Open(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // only read
	f := follower{lines: bufio.NewReader(log)}
	return b.await(ctx, "purged", p.kept, f.follow)
}

// follower sums up the events that a growing log says were purged.
type follower struct {
	lines  *bufio.Reader
	begun  string // a line of which the end isn't there yet
	purged int
}

// follow reads what there is.
func (f *follower) follow() (purged int, err error) {
	for {
		line, err := f.lines.ReadString('\n')
		f.begun += line
		if errors.Is(err, io.EOF) {
			return f.purged, nil
		}
		if err != nil {
			return f.purged, err
		}
		n, err := purgedIn(f.begun)
		if err != nil {
			return f.purged, err
		}
		f.purged += n
		f.begun = ""
	}
}

// purgedIn is how many events a line of the log says were purged.
func purgedIn(line string) (int, error) {
	if !strings.Contains(line, `"purged finished events`) {
		return 0, nil
	}
	var entry struct{ Events int }
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		return 0, fmt.Errorf("the log line %q: %w", line, err)
	}
	return entry.Events, nil
}
