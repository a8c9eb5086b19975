package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
)

func backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup <file>",
		Short: "Writes a backup of the store of a running gateway to a file",
		Long: `
Writes all that the gateway holds to a file, as it stands at one moment: events,
deliveries, dedupe keys, the quarantine. The gateway goes on working meanwhile.
- is the standard output.

The file has a checksum. It gets its name when all of it is on disk; a file of
that name stays, unless --force is written. It holds what people sent, so only
its owner can read it: keep it as safe as the store.`,
		Example: `  $ caddy webhooks backup /var/backups/webhooks-2026-11-21
  $ caddy webhooks backup - | zstd > webhooks.zst`,
		Args: takes(1, 1),
	}
	force := c.Flags().Bool("force", false, "replace the file if it is there")
	return asks(c, func(ctx context.Context, a *asking, args []string) error {
		if args[0] == "-" {
			return a.backUpToPipe(ctx)
		}
		return a.backUpToFile(ctx, args[0], *force)
	}).Command
}

// backedUp is what a backup holds, and how big it is.
type backedUp struct {
	File  string `json:"file,omitempty"`
	Bytes int64  `json:"bytes"`
	backup.Content
}

func (a *asking) backUpToPipe(ctx context.Context) error {
	out := a.OutOrStdout()
	if show.IsTerminal(out) {
		return errors.New("a backup isn't for a terminal; write the name of a file, or pipe it on")
	}
	done, err := a.backUp(ctx, out)
	if err != nil {
		return err
	}
	return a.tellBackup(a.aside, done, "backed up")
}

func (a *asking) backUpToFile(ctx context.Context, path string, force bool) error {
	file, err := createBackup(path, force)
	if err != nil {
		return err
	}
	done, err := a.backUp(ctx, file)
	if err == nil {
		err = file.keep()
	}
	if err != nil {
		return errors.Join(err, file.drop())
	}
	done.File = path
	return a.tellBackup(a.screen, done, "backed up to "+path)
}

// backUp writes a backup, and checks it on the way.
func (a *asking) backUp(ctx context.Context, to io.Writer) (done backedUp, err error) {
	from, err := a.Backup(ctx)
	if err != nil {
		return done, err
	}
	defer func() { _ = from.Close() }()
	bar := a.progress()
	defer bar.clear()
	counted := &counting{bar: bar}
	done.Content, err = backup.Copy(io.MultiWriter(to, counted), from)
	done.Bytes = counted.bytes
	if errors.Is(err, backup.ErrCut) {
		err = fmt.Errorf("the gateway ended before the backup did; its log says why: %w", err)
	}
	return done, err
}

func (a *asking) tellBackup(screen *show.Screen, done backedUp, what string) error {
	if *a.json {
		return screen.JSON(done)
	}
	screen.Say("%s: %s, in %s", what, contentOf(&done.Content), humanize.IBytes(uint64(done.Bytes)))
	return nil
}

// contentOf says what a backup holds.
func contentOf(c *backup.Content) string {
	return fmt.Sprintf("%d events, of which %d wait to be routed; %d waiting deliveries; %d quarantined requests",
		c.Events, c.Waiting, c.Deliveries, c.Quarantined)
}

// counting counts bytes on their way, and shows a person how many they are.
type counting struct {
	bar   *progress
	of    int64 // 0 where nobody knows
	bytes int64
	shown time.Time
}

func (c *counting) Write(data []byte) (int, error) {
	c.bytes += int64(len(data))
	if time.Since(c.shown) > 100*time.Millisecond {
		c.shown = time.Now()
		text := humanize.IBytes(uint64(c.bytes))
		if c.of > 0 {
			text += " of " + humanize.IBytes(uint64(c.of))
		}
		c.bar.say("%s", text)
	}
	return len(data), nil
}
