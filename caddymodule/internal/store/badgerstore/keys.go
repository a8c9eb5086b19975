package badgerstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// The database, by the first byte of its keys. Numbers are big-endian, so the
// order of keys is the order of arrival or of time. A name stands behind its
// length.
//
// Events stand in the journal beside it. What each event leaves for ever comes
// first, by generations of events: Badger merges the range of keys that was
// written of late, so older generations are moved once and never merged again.
const (
	eventKind      byte = 'a' // a generation, and one of the two below
	chunkKind      byte = 'b' // b key number: a piece of a record too big for one value
	stuckKind      byte = 'd' // d class seq backend: an event that is unrouted or invalid, or a dead delivery
	finishedKind   byte = 'f' // f class time seq: events that may be purged some day
	generationKind byte = 'g' // g generation: until when its dedupe keys count
	fileKind       byte = 'j' // j seq: how many events a file of the journal holds, and how many are purged
	metaKind       byte = 'm' // m name: format and counts
	progressKind   byte = 'p' // p seq backend: how a delivery stands, from its first attempt on
	behindKind     byte = 's' // s name value seq: the delivery that waits behind seq for its turn
	tailKind       byte = 't' // t name value: the newest unfinished delivery of an order_by value
	unfinishedKind byte = 'u' // u seq: progress of an event with several deliveries
	queueKind      byte = 'w' // w name due seq: a delivery that may be leased when due
	quarantineKind byte = 'z' // z name time number: a quarantined request
)

// What stands behind a generation.
const (
	outcomePart byte = 'e' // e seq: what became of an event, with its deliveries as they were routed
	dedupePart  byte = 'k' // k hash: a dedupe key that was seen
)

// class is why an event may be purged some day.
type class byte

const (
	classFinished class = iota
	classUnrouted
	classInvalid
	classDead
	classDiscarded
	classes
)

var (
	formatKey = []byte{metaKind, 'f'}
	tallyKey  = []byte{metaKind, 't'}
)

func seqKey(kind byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, seq)
}

// seqOf is the event's that a key names, behind its kind or its part.
func seqOf(key []byte) uint64 {
	if key[0] == eventKind {
		key = key[partAt:]
	}
	return binary.BigEndian.Uint64(key[1:])
}

// generationBits says how many events are a generation. Tests have smaller ones.
var generationBits = 18

// generationOf numbers the generations in the order of arrival.
func generationOf(seq uint64) uint32 { return uint32(seq >> generationBits) }

// partAt is where a key of eventKind says what it is.
const partAt = 1 + 4

func generationPrefix(generation uint32, part byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{eventKind}, generation), part)
}

// afterGeneration is a key behind all of the generation that a key is of.
func afterGeneration(key []byte) []byte {
	return generationPrefix(binary.BigEndian.Uint32(key[1:])+1, 0)
}

func outcomeKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(generationPrefix(generationOf(seq), outcomePart), seq)
}

func isOutcome(key []byte) bool { return key[0] == eventKind && key[partAt] == outcomePart }

func generationKey(generation uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{generationKind}, generation)
}

// lastSeq is the number that a key ends with.
func lastSeq(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

func progressKey(seq uint64, backend string) []byte {
	return append(seqKey(progressKind, seq), backend...)
}

func namePrefix(kind byte, name string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(name))), name...)
}

// afterPrefix is a key behind all keys with the prefix that end in a time or
// a number.
func afterPrefix(prefix []byte) []byte {
	return append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, 17)...)
}

// nameOf is the name in a key that begins with namePrefix.
func nameOf(key []byte) string {
	return string(key[3 : 3+binary.BigEndian.Uint16(key[1:])])
}

func timedKey(prefix []byte, at time.Time, n uint64) []byte {
	return binary.BigEndian.AppendUint64(appendTime(prefix, at), n)
}

// appendTime writes a time so that bytes have the order of times.
func appendTime(key []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(at.UnixMicro())^1<<63)
}

// timeOf is the time in a key of timedKey.
func timeOf(key []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(key[len(key)-16:]) ^ 1<<63)).UTC()
}

func queueKey(backend string, due time.Time, seq uint64) []byte {
	return timedKey(namePrefix(queueKind, backend), due, seq)
}

func finishedKey(c class, at time.Time, seq uint64) []byte {
	return timedKey([]byte{finishedKind, byte(c)}, at, seq)
}

func quarantineKey(source string, at time.Time, number uint64) []byte {
	return timedKey(namePrefix(quarantineKind, source), at, number)
}

func stuckKey(c class, seq uint64, backend string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{stuckKind, byte(c)}, seq), backend...)
}

func pauseKey(backend string) []byte { return append([]byte{metaKind, 'p'}, backend...) }

func tailKey(backend, value string) []byte {
	return append(namePrefix(tailKind, backend), hash(value)...)
}

func behindKey(backend, value string, seq uint64) []byte {
	key := append(namePrefix(behindKind, backend), hash(value)...)
	return binary.BigEndian.AppendUint64(key, seq)
}

// dedupeHash stands for a dedupe key, which a stranger chooses, in 128 bits.
type dedupeHash [16]byte

func hashKey(source, key string) dedupeHash {
	h := sha256.New()
	h.Write(namePrefix(0, source))
	h.Write([]byte(key))
	return dedupeHash(h.Sum(nil))
}

func dedupeKey(generation uint32, h dedupeHash) []byte {
	return append(generationPrefix(generation, dedupePart), h[:]...)
}

// hash shortens a value of order_by likewise.
func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:16]
}

func chunkKey(head []byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append([]byte{chunkKind}, head...), n)
}

// headOf is the key of the record that a chunk belongs to.
func headOf(chunk []byte) []byte { return chunk[1 : len(chunk)-4] }
