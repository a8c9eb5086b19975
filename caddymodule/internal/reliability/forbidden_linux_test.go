package reliability

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// TestABackendsNameLeadsToNoForbiddenAddress sends events to backends whose names
// lead to such addresses, from the start or later, and to some that redirect. In
// the end they mend, and get all that they missed.
func TestABackendsNameLeadsToNoForbiddenAddress(t *testing.T) {
	x := newExposed(t, (*exposed).hostile)
	var l senderLedger
	l.send(x.gateway, "rebound-before")
	l.send(x.gateway, "written-1")
	x.until(10*time.Second, "what may be reached is", func() bool {
		return len(x.crm.delivered()) == 1 && len(x.written.delivered()) == 1
	})
	x.names.lead("rebound.school.internal", "169.254.169.254")
	x.wants["rebound"] = "forbidden address: 169.254.169.254 is a cloud metadata address"
	x.crm.CloseClientConnections()
	each := sized(2, 20, 200)
	for name := range x.wants {
		for i := range each {
			l.send(x.gateway, fmt.Sprintf("%s-%d", name, i))
		}
	}
	refused := x.refused(t)
	reached, bytes, onward := x.bait.connections.Load(), x.bait.bytes.Load(), x.onward.connections.Load()
	if bytes > 0 || onward > 0 {
		t.Errorf("%d bytes came to forbidden addresses, and %d connections to where a redirect leads", bytes, onward)
	}
	if reached == 0 {
		t.Error("no forbidden address could be reached, so nothing was tried")
	}
	if n := len(x.crm.delivered()); n != 1 {
		t.Errorf("%d events arrived that should wait", n-1)
	}
	x.mend()
	all := &backendLedger{keys: make(map[string][]string)}
	x.until(time.Minute, "all arrives once it may", func() bool {
		all.keys = x.crm.delivered()
		maps.Copy(all.keys, x.written.delivered())
		return len(all.keys) >= len(l.acknowledged())
	})
	if n := everythingArrives(t, &l, all, time.Second); n > 0 {
		t.Errorf("%d events were delivered again", n)
	}
	report(t, result{
		Fault: "forbidden addresses, redirects", How: fmt.Sprintf("names that lead to %s, to two of them, to one mapped into IPv6, to an allowed one first; redirects (%s); in a network of its own",
			strings.Join(slices.Sorted(maps.Keys(forbidden)), ", "), strings.Trim(fmt.Sprint(redirects), "[]")),
		Tried: fmt.Sprintf("%d backends, %d events, %d attempts seen to fail", len(x.wants), len(l.answers), refused),
		Found: fmt.Sprintf("%d connections to forbidden addresses were closed, %d bytes came there; %d connections to where a redirect leads; each attempt says why; an address in the config is reached; %d events arrived once mended",
			reached, bytes, onward, len(all.keys)),
	})
}

// TestAProxyOfTheEnvironmentIsNoWayAround has a proxy at a forbidden address.
func TestAProxyOfTheEnvironmentIsNoWayAround(t *testing.T) {
	x := newExposed(t, func(x *exposed) []string {
		x.named("proxied", "forbidden address: 169.254.169.254 is a cloud metadata address", "127.0.0.1")
		return []string{"HTTP_PROXY=http://169.254.169.254:" + x.port, "http_proxy=", "NO_PROXY=", "no_proxy="}
	})
	var l senderLedger
	l.send(x.gateway, "proxied-1")
	attempts := x.refused(t)
	if n := x.bait.bytes.Load(); n > 0 {
		t.Errorf("%d bytes came to a forbidden address", n)
	}
	report(t, result{
		Fault: "forbidden addresses, by a proxy", How: "`HTTP_PROXY` leads to 169.254.169.254",
		Tried: fmt.Sprintf("1 event, %d attempts", attempts), Found: fmt.Sprintf("%d bytes came there; each attempt says why", x.bait.bytes.Load()),
	})
}

// refused waits until each backend that must not be reached was tried twice,
// holds what the attempts say against what they should, and counts them.
func (x *exposed) refused(t *testing.T) (attempts int) {
	t.Helper()
	for name, want := range x.wants {
		var tried []adminapi.Attempt
		x.until(30*time.Second, name+" was tried", func() bool {
			tried = x.attempts(t, name)
			return len(tried) >= 2
		})
		for _, a := range tried {
			if said := fmt.Sprint(a.Status, " ", a.Error); !strings.Contains(said, want) {
				t.Errorf("an attempt of %s says %q, not %q", name, said, want)
			}
		}
		attempts += len(tried)
	}
	return attempts
}

// attempts are all that are recorded of a backend's events that aren't delivered.
func (x *exposed) attempts(t *testing.T, backend string) (all []adminapi.Attempt) {
	t.Helper()
	page, err := x.api().Events(t.Context(), adminapi.Query{Filter: adminapi.Filter{Backend: backend}, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Events {
		if e.Deliveries[0].State != "waiting" {
			continue
		}
		shown, err := x.api().Show(t.Context(), e.Seq)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, shown.Carried[0].Newest...)
	}
	return all
}
