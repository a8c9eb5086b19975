package caddymodule

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// bulk is how a command does something to many: it counts first, asks, tells
// how far it is, and can be interrupted and repeated.
type bulk struct{ yes *bool }

func addBulk(c *cobra.Command) *bulk {
	return &bulk{yes: c.Flags().BoolP("yes", "y", false, "don't ask before doing it to many")}
}

// paged goes through all pages and tells what came of each.
type paged func(ctx context.Context, each func(done, unchanged int)) error

// work is what there is to do.
type work struct {
	count, do paged
	past      string // "retried"
	unchanged string // why some were left as they are
	filter    adminapi.Filter
}

// tally is what came of all pages.
type tally struct {
	Done      int `json:"done"`
	Unchanged int `json:"unchanged"`
}

func (t *tally) add(done, unchanged int) {
	t.Done += done
	t.Unchanged += unchanged
}

func (b *bulk) do(ctx context.Context, a *asking, w work) error {
	bar := a.progress()
	defer bar.clear()
	var there, total tally
	if err := w.count(ctx, func(done, unchanged int) {
		there.add(done, unchanged)
		bar.say("counting: %d", there.Done)
	}); err != nil {
		return err
	}
	bar.clear()
	if there == (tally{}) {
		if err := a.knows(ctx, w.filter); err != nil {
			return err
		}
	}
	if there.Done == 0 {
		return b.tell(a, w.past, w.unchanged, there)
	}
	if err := b.ask(ctx, a, fmt.Sprintf("%d would be %s", there.Done, w.past)); err != nil {
		return err
	}
	err := w.do(ctx, func(done, unchanged int) {
		total.add(done, unchanged)
		bar.say("%d of %d %s", total.Done, there.Done, w.past)
	})
	bar.clear()
	switch {
	case err != nil && ctx.Err() != nil:
		// What was under way then is done as well, or isn't.
		return fmt.Errorf("interrupted after %d of %d were %s; write the same again to go on", total.Done, there.Done, w.past)
	case err != nil:
		return fmt.Errorf("%d of %d were %s, then it stopped; write the same again to go on: %w", total.Done, there.Done, w.past, err)
	}
	return b.tell(a, w.past, w.unchanged, total)
}

var (
	errNobodyToAsk = errors.New("nobody can be asked here; write --yes if that is meant")
	errSaidNo      = errors.New("nothing was done")
)

// ask asks whoever sits at the terminal. An interrupt is an answer too, though
// reading goes on until the process ends.
func (b *bulk) ask(ctx context.Context, a *asking, what string) error {
	if *b.yes {
		return nil
	}
	if !show.IsTerminal(a.InOrStdin()) {
		return fmt.Errorf("%s: %w", what, errNobodyToAsk)
	}
	fmt.Fprintf(a.ErrOrStderr(), "%s. Go on? [y/N] ", what)
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(a.InOrStdin()).ReadString('\n')
		answers <- answer
	}()
	select {
	case answer := <-answers:
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(a.ErrOrStderr())
	}
	return errSaidNo
}

// tell says what was done.
func (b *bulk) tell(a *asking, past, unchanged string, t tally) error {
	if *a.json {
		return a.screen.JSON(t)
	}
	if t.Done == 0 && t.Unchanged == 0 {
		a.screen.Say("there is nothing to be %s", past)
		return nil
	}
	a.screen.Say("%d %s", t.Done, past)
	if t.Unchanged > 0 {
		a.screen.Say("%d %s", t.Unchanged, unchanged)
	}
	return nil
}
