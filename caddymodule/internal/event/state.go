package event

import "slices"

// State is where an event or a delivery stands.
//
//	event:     waiting ──▶ routed | unrouted | invalid
//	           unrouted, invalid ──▶ routed | unrouted | invalid  (reprocessed by hand)
//
//	delivery:  waiting ──▶ waiting | delivered | dead
//	           dead ──▶ waiting                         (retried by hand)
//	           dead ──▶ discarded                       (given up by hand)
type State string

// The states. An event is never delivered or dead, a delivery never routed.
const (
	Waiting   State = "waiting"
	Routed    State = "routed"
	Unrouted  State = "unrouted"
	Invalid   State = "invalid"
	Delivered State = "delivered"
	Dead      State = "dead"
	Discarded State = "discarded"
)

var (
	eventEdges = map[State][]State{
		Waiting:  {Routed, Unrouted, Invalid},
		Unrouted: {Routed, Unrouted, Invalid},
		Invalid:  {Routed, Unrouted, Invalid},
	}
	deliveryEdges = map[State][]State{
		Waiting: {Waiting, Delivered, Dead},
		Dead:    {Waiting, Discarded},
	}
)

// EventMayBecome tells whether an event in this state may go to another.
func (s State) EventMayBecome(to State) bool { return slices.Contains(eventEdges[s], to) }

// DeliveryMayBecome tells whether a delivery in this state may go to another.
func (s State) DeliveryMayBecome(to State) bool { return slices.Contains(deliveryEdges[s], to) }
