package caddymodule

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/badgerstore"
)

func restoreCommand() *cobra.Command {
	return holds(&cobra.Command{
		Use:   "restore <file>",
		Short: "Makes a store from a backup, for a gateway that doesn't run yet",
		Long: `
Makes a store from a backup, where the config says that the store is, or where
--store says. That folder must be empty, or not be there. - is the standard input.

The backup's checksum is looked at first: of one that is damaged or cut short
nothing is left behind. What was delivered after the backup was taken is
delivered again, with the same Idempotency-Key.`,
		Example: `  $ caddy webhooks restore /var/backups/webhooks-2026-11-21
  $ caddy webhooks restore webhooks-2026-11-21 --store /srv/webhooks`,
		Args: takes(1, 1),
	}, func(ctx context.Context, h *holding, args []string) error { return h.restore(ctx, args[0]) })
}

// restoredStore is where a backup was restored, and what it held.
type restoredStore struct {
	Store string    `json:"store"`
	Taken time.Time `json:"taken"`
	backup.Content
}

func (h *holding) restore(ctx context.Context, path string) error {
	bar := progressOn(h.ErrOrStderr())
	read := &counting{bar: bar}
	from := h.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		if info, err := file.Stat(); err == nil {
			read.of = info.Size()
		}
		from = file
	}
	header, content, err := badgerstore.Restore(ctx, io.TeeReader(from, read),
		badgerstore.Options{Path: h.store.Path, Reserve: h.store.Reserve, Logger: h.log})
	bar.clear()
	if err != nil {
		return err
	}
	if *h.json {
		return h.screen.JSON(restoredStore{h.store.Path, header.Taken, content})
	}
	h.screen.Say("restored the backup of %s to %s: %s",
		header.Taken.Local().Format(time.DateTime), h.store.Path, contentOf(&content))
	return nil
}
