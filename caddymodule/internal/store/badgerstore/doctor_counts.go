package badgerstore

import (
	"maps"
	"slices"
)

// compare holds the counts that are written against those of the records.
func (x *examination) compare() {
	t, n := &x.tally, &x.counted
	for seq := t.RoutedTo + 1; seq <= t.Seq; seq++ {
		if !x.ahead[seq] {
			n.Events.Waiting++
		}
	}
	x.Waiting = n.Events.Waiting
	if last := x.last(); last > t.Seq {
		x.Waiting += last - t.Seq
		if last-t.Seq > 2*unindexed {
			x.findMany(last-t.Seq, "the database has lost its newest steps: events would be routed that may have been delivered before", "%d to %d", t.Seq+1, last)
		}
	}
	x.Events += x.Waiting
	x.differs("events that wait to be routed", t.Events.Waiting, n.Events.Waiting)
	x.differs("unrouted events", t.Events.Unrouted, n.Events.Unrouted)
	x.differs("invalid events", t.Events.Invalid, n.Events.Invalid)
	names := maps.Clone(t.Backends)
	maps.Copy(names, n.Backends)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := t.Backends[name], n.Backends[name]
		x.differs("deliveries that wait for "+name, was.Waiting, is.Waiting)
		x.differs("deliveries to "+name+" that are tried again", was.Retrying, is.Retrying)
		x.differs("dead deliveries to "+name, was.Dead, is.Dead)
	}
	came := uint64(0)
	for _, r := range t.Sources {
		came += r.New + r.Replayed
	}
	e := t.Events
	if sum := e.Waiting + e.Routed + e.Unrouted + e.Invalid + e.Discarded; came != sum {
		x.find("the counts do not add up", "%d events came, %d are accounted for", came, sum)
	}
}

func (x *examination) differs(what string, counted, found uint64) {
	if counted != found {
		x.find("a count is wrong", "%s: counted %d, found %d", what, counted, found)
	}
}
