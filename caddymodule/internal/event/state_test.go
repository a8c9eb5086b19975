package event

import "testing"

var all = []State{Waiting, Routed, Unrouted, Invalid, Delivered, Dead, Discarded}

// The edges stand here apart from the code; every other pair may not be.
func TestAnEventGoesAlongItsEdgesOnly(t *testing.T) {
	held(t, State.EventMayBecome, map[[2]State]bool{
		{Waiting, Routed}:   true,
		{Waiting, Unrouted}: true,
		{Waiting, Invalid}:  true,

		{Unrouted, Routed}: true, {Unrouted, Unrouted}: true, {Unrouted, Invalid}: true,
		{Invalid, Routed}: true, {Invalid, Unrouted}: true, {Invalid, Invalid}: true,
	})
}

func TestADeliveryGoesAlongItsEdgesOnly(t *testing.T) {
	held(t, State.DeliveryMayBecome, map[[2]State]bool{
		{Waiting, Waiting}:   true,
		{Waiting, Delivered}: true,
		{Waiting, Dead}:      true,
		{Dead, Waiting}:      true,
		{Dead, Discarded}:    true,
	})
}

func held(t *testing.T, may func(from, to State) bool, edges map[[2]State]bool) {
	t.Helper()
	for _, from := range all {
		for _, to := range all {
			if got, want := may(from, to), edges[[2]State{from, to}]; got != want {
				t.Errorf("%s to %s: %v", from, to, got)
			}
		}
	}
}

func TestHistoryStaysBoundedAndTheCountGoesOn(t *testing.T) {
	var d Delivery
	for i := range 100 {
		d.Add(Attempt{Status: i})
	}
	if d.Count != 100 || len(d.Attempts) != KeptAttempts || d.Attempts[KeptAttempts-1].Status != 99 {
		t.Errorf("%d attempts counted, %d kept, the newest %d", d.Count, len(d.Attempts), d.Attempts[len(d.Attempts)-1].Status)
	}
}
