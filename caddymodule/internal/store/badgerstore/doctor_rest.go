package badgerstore

import (
	"bytes"
	"encoding/binary"
	"math"
)

// chunks looks for pieces of a large record that isn't there. Those that a crash
// explains are deleted at the next start.
func (x *examination) chunks() error {
	for key := range x.entries(chunkKind) {
		head := headOf(key)
		value, err := get(x.txn, head)
		if err != nil {
			continue // it was noted with its record
		}
		swept := head[0] == quarantineKind || head[0] == eventKind && seqOf(head) > x.tally.RoutedTo
		switch {
		case value == nil && swept:
		case value == nil || value[0] != formSplit || !hasChunk(value, key):
			x.find("a piece of a large record that isn't there", "%v", which(head))
		}
	}
	return nil
}

// hasChunk tells whether a chunk belongs to the record that its key names.
func hasChunk(head, chunk []byte) bool {
	size, err := splitSize(head)
	if err != nil {
		return true // it was noted with the record
	}
	first := chunkKey(headOf(chunk), firstChunk(head))
	behind := chunkKey(headOf(chunk), firstChunk(head)+chunksOf(size))
	return bytes.Compare(chunk, first) >= 0 && bytes.Compare(chunk, behind) < 0
}

// dedupeKey looks whether one counts as long as it must: without the record of its
// generation it would be looked for no more.
func (x *examination) dedupeKey(key, value []byte) {
	var r dedupeRecord
	if !x.sound(key, decode(value, &r)) {
		return
	}
	generation := binary.BigEndian.Uint32(key[1:])
	if until, ok := x.untils[generation]; !ok || until < r.Expires {
		x.find("dedupe keys would be forgotten too early", "events %d to %d",
			uint64(generation)<<generationBits, uint64(generation+1)<<generationBits-1)
		x.untils[generation] = math.MaxInt64 // that is enough of it
	}
}

// rest reads the records that stand for themselves.
func (x *examination) rest() error {
	for key := range x.entries(quarantineKind) {
		value, err := getLarge(x.txn, key)
		if err == nil {
			_, err = decodeQuarantined(value)
		}
		x.sound(key, err)
		x.Quarantined++
	}
	for key, value := range x.entries(metaKind) {
		if bytes.HasPrefix(key, pauseKey("")) {
			x.sound(key, decode(value, new(pauseRecord)))
		}
	}
	for kind := range 256 {
		if !bytes.Contains(kinds, []byte{byte(kind)}) {
			for range x.entries(byte(kind)) {
				x.find("a record of a kind that isn't ours", "%q", byte(kind))
			}
		}
	}
	return nil
}

// kinds are all that the store writes.
var kinds = []byte{
	eventKind, chunkKind, stuckKind, finishedKind, generationKind, fileKind, metaKind,
	progressKind, behindKind, tailKind, unfinishedKind, queueKind, quarantineKind,
}
