package badgerstore

import "encoding/binary"

// queues reads which deliveries wait, and where.
func (x *examination) queues() error {
	for key := range x.entries(queueKind) {
		x.waits(place{nameOf(key), lastSeq(key)}, inQueue)
	}
	for key, value := range x.entries(behindKind) {
		if seq, err := unsealSeq(value); x.sound(key, err) {
			f := follower{place{nameOf(key), lastSeq(key)}, seq}
			x.waits(place{f.ahead.backend, seq}, behindIt)
			x.behind = append(x.behind, f)
		}
	}
	for key, value := range x.entries(tailKind) {
		if seq, err := unsealSeq(value); x.sound(key, err) {
			x.tails[string(key)] = seq
		}
	}
	for _, f := range x.behind {
		if x.queued[f.ahead] == 0 {
			x.find("a delivery waits behind one that doesn't wait", deliveryPlace, f.seq, f.ahead.backend)
		}
	}
	for key, seq := range x.tails {
		if x.queued[place{nameOf([]byte(key)), seq}] == 0 {
			x.find("the last of a line doesn't wait", deliveryPlace, seq, nameOf([]byte(key)))
		}
	}
	return nil
}

func (x *examination) waits(p place, where waitingAt) {
	if x.queued[p] != 0 {
		x.find("a delivery waits twice", deliveryPlace, p.seq, p.backend)
	}
	x.queued[p] |= where
	n := x.counted.Backends[p.backend]
	n.Waiting++
	x.counted.Backends[p.backend] = n
}

// indexes reads what says of events and deliveries how they stand.
func (x *examination) indexes() error {
	for key := range x.entries(stuckKind) {
		x.stuck[string(key)] = true
	}
	for key, value := range x.entries(finishedKind) {
		var all goners
		if !x.sound(key, decode(value, &all)) {
			continue
		}
		for _, g := range all {
			e := purgeEntry{class(key[1]), g.Seq, g.Since}
			if e.class != classUnrouted && e.class != classInvalid {
				e.since = 0
			}
			x.purgeable[e] = true
		}
	}
	for key, value := range x.entries(generationKind) {
		until, err := unsealSeq(value)
		if x.sound(key, err) {
			x.untils[binary.BigEndian.Uint32(key[1:])] = micro(until)
		}
	}
	for key, value := range x.entries(unfinishedKind) {
		var r unfinishedRecord
		if x.sound(key, decode(value, &r)) {
			x.unfinished[seqOf(key)] = r
		}
	}
	return nil
}

// orphans notes what was found of no event.
func (x *examination) orphans() {
	for p := range x.queued {
		if !x.damaged[p.seq] {
			x.find("something waits that is no waiting delivery", deliveryPlace, p.seq, p.backend)
		}
	}
	for key := range x.stuck {
		if seq := stuckSeq(key); !x.damaged[seq] {
			x.find("the index of stuck events has one that isn't stuck", "event %d", seq)
		}
	}
	for seq := range x.unfinished {
		if !x.damaged[seq] {
			x.find("the progress of an event has no waiting delivery", "event %d", seq)
		}
	}
	for e := range x.purgeable {
		// Of the others, what was retried or rerouted leaves entries behind.
		if (e.class == classFinished || e.class == classDiscarded) && !x.damaged[e.seq] {
			x.find("an event would be purged that isn't there", "event %d", e.seq)
		}
	}
}
