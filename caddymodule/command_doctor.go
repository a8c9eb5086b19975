package caddymodule

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/badgerstore"
)

func doctorCommand() *cobra.Command {
	return holds(&cobra.Command{
		Use:   "doctor",
		Short: "Examines the store of a gateway that doesn't run, and changes nothing",
		Long: `
Reads all of a store, and says what is wrong with it: checksums of files and
records, counts that differ from what they count, records that belong to nothing.
It changes nothing. What a crash leaves behind is not wrong: the next start mends
it. It fails where something is wrong.

The store is the config's, or the one that --store says. The server must be
stopped; the store of one that runs can be examined in a restored backup.`,
		Example: `  $ caddy webhooks doctor
  $ caddy webhooks doctor --store /srv/webhooks --json`,
		Args: takes(0, 0),
	}, func(ctx context.Context, h *holding, _ []string) error { return h.examine(ctx) })
}

var errNotSound = errors.New("the store isn't sound: keep a copy of its folder before you start a gateway on it, or restore a backup")

func (h *holding) examine(ctx context.Context) error {
	bar := progressOn(h.ErrOrStderr())
	r, err := badgerstore.Examine(ctx, h.store.Path, h.log, func(what string) { bar.say("reading %s", what) })
	bar.clear()
	if err != nil {
		return err
	}
	if *h.json {
		err = h.screen.JSON(r)
	} else {
		h.showReport(r)
	}
	if err == nil && !r.Sound() {
		return errNotSound
	}
	return err
}

func (h *holding) showReport(r *badgerstore.Report) {
	h.screen.Say("%s", h.store.Path)
	h.screen.Say("%d events, of which %d wait to be routed; %d waiting deliveries, %d dead; %d quarantined requests",
		r.Events, r.Waiting, r.Deliveries, r.Dead, r.Quarantined)
	h.screen.Say("tables: %d; files of the journal: %d", r.Tables, r.Files)
	if r.Sound() {
		h.screen.Line(show.Good, "the store is sound")
		return
	}
	h.screen.Say("")
	table := show.NewTable("COUNT", "WHAT IS WRONG", "WHERE")
	for _, f := range r.Findings {
		table.Row(f.Count, show.In(show.Bad, f.What), strings.Join(f.Where, "; "))
	}
	h.screen.Table(table)
}
