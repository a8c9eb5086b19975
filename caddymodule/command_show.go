package caddymodule

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func showCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show <event>",
		Short: "Shows all that is known of an event",
		Long: `
Shows an event, named by its number or its id: what the sender sent, what it
became, what each rule of today says of it, and each attempt to deliver it. What
the sender sent is personal data. An id that is a number itself is written id:1207.

A request in the quarantine is named by its source and its number there. Shown is
what it would be if it were released now, without the headers that carry proof.`,
		Example: `  $ caddy webhooks show 1207
  $ caddy webhooks show af46ec07-de79-40b5-916c-0058b54b2d2b --json
  $ caddy webhooks show knolyx/3`,
		Args: takes(1, 1),
	}
	return asks(c, func(ctx context.Context, a *asking, args []string) error {
		if source, number, ok := request(args[0]); ok {
			return a.showRequest(ctx, source, number)
		}
		seq, err := a.named(ctx, args[0])
		if err != nil {
			return err
		}
		s, err := a.Show(ctx, seq)
		if err != nil {
			return err
		}
		if *a.json {
			return a.screen.JSON(s)
		}
		sheet{a.screen}.whole(&s)
		return nil
	}).Command
}

func (a *asking) showRequest(ctx context.Context, source string, number uint64) error {
	s, err := a.ShowRequest(ctx, source, number)
	if problem := new(adminapi.Problem); errors.As(err, &problem) {
		return fmt.Errorf("%w; an event whose id looks like this is named by id:%s/%d", err, source, number)
	}
	if err != nil {
		return err
	}
	if *a.json {
		return a.screen.JSON(s)
	}
	sheet{a.screen}.wholeRequest(&s)
	return nil
}

// sheet shows an event to a person.
type sheet struct{ *show.Screen }

func (t sheet) whole(s *adminapi.Shown) {
	t.Line(show.Bold, "event %d", s.Seq)
	t.field("id", s.ID)
	t.field("replay of", s.ReplayOf)
	t.field("source", s.Source+" ("+s.Sender+")")
	t.field("received", s.Received.Local().Format(time.RFC3339Nano))
	t.field("state", s.State)
	for _, reason := range s.Reasons {
		t.field("", reason)
	}
	t.request(&s.Sent)
	t.normalized("what it became", &s.Normalized)
	t.today(&s.Today)
	for i := range s.Carried {
		t.carried(&s.Carried[i])
	}
}

func (t sheet) wholeRequest(s *adminapi.ShownRequest) {
	t.Line(show.Bold, "request %s/%d in the quarantine", s.Source, s.Number)
	t.field("id", s.ID)
	t.field("received", s.Received.Local().Format(time.RFC3339Nano))
	t.field("reason", s.Reason)
	today := "it fails verification"
	if s.Passes {
		today = fmt.Sprintf("it passes verification: `caddy webhooks release %s/%d` lets it in", s.Source, s.Number)
	}
	t.field("today", today)
	t.request(&s.Sent)
	t.normalized("what it would be", &s.Normalized)
	t.today(&s.Today)
}

func (t sheet) head(text string) {
	t.Say("")
	t.Line(show.Bold, "%s", text)
}

func (t sheet) field(name, value string) {
	if value != "" {
		t.Say("  %-12s %s", name, value)
	}
}

func (t sheet) request(s *adminapi.Sent) {
	t.head("what the sender sent")
	t.field("method", s.Method)
	t.field("path", s.Path)
	t.field("its type", s.SenderType)
	for _, name := range slices.Sorted(maps.Keys(s.Query)) {
		t.field("query", name+"="+strings.Join(s.Query[name], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		t.field("header", name+": "+strings.Join(s.Headers[name], ", "))
	}
	if s.Original != nil {
		t.payload("payload", s.Original)
	} else {
		t.field("body", cmp.Or(string(s.Body), "(nothing is kept of it)"))
	}
}

// payload shows JSON over several lines.
func (t sheet) payload(name string, text json.RawMessage) {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return
	}
	for line := range strings.Lines(out.String()) {
		t.Say("  %-12s %s", name, strings.TrimSuffix(line, "\n"))
		name = ""
	}
}

func (t sheet) normalized(head string, n *adminapi.Normalized) {
	if n.Type == "" {
		return
	}
	t.head(head)
	t.field("type", n.Type)
	t.field("subject", n.Subject)
	t.field("time", n.Time.Format(time.RFC3339Nano))
	t.payload("data", n.Data)
	if n.Previous != nil {
		t.payload("previous", n.Previous)
	}
	t.field("changed", strings.Join(n.Changed, ", "))
}

func (t sheet) today(d *adminapi.Today) {
	t.head("what the rules of today say")
	for _, r := range d.Rules {
		switch {
		case r.Error != "":
			t.field(r.Name, "fails: "+r.Error)
		case r.Matched:
			t.field(r.Name, "matches")
		default:
			t.field(r.Name, "doesn't match")
		}
	}
	outcome := d.State
	switch {
	case d.Dropped:
		outcome = "dropped by a rule"
	case len(d.Backends) > 0:
		outcome = "sent to " + strings.Join(d.Backends, ", ")
	case len(d.Reasons) > 0:
		outcome += ": " + strings.Join(d.Reasons, "; ")
	}
	t.field("so it is", outcome)
}

func (t sheet) carried(d *adminapi.Carried) {
	t.head("delivery to " + d.Backend)
	t.field("state", d.State)
	t.field("by", cmp.Or(d.Rule, "the default"))
	if !d.Due.IsZero() {
		t.field("next try", d.Due.Local().Format(time.RFC3339))
	}
	if d.Data != nil {
		t.payload("transformed", d.Data)
	}
	if left := d.Attempts - len(d.Newest); left > 0 {
		t.field("attempts", fmt.Sprintf("%d, of which the newest %d are known", d.Attempts, len(d.Newest)))
	}
	for _, n := range d.Newest {
		came := fmt.Sprintf("answered %d", n.Status)
		if n.Error != "" {
			came = n.Error
		}
		t.field("attempt", fmt.Sprintf("%s  %s after %.3fs", n.At.Local().Format(time.RFC3339), came, n.Duration))
		t.field("", n.Answer)
	}
}
