package badgerstore

import (
	"bytes"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestKeysHaveTheOrderOfTime(t *testing.T) {
	times := []time.Time{
		{}, time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Unix(0, 0).UTC(), start,
		start.Add(time.Microsecond), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	var before []byte
	for _, at := range times {
		for _, seq := range []uint64{0, 1, 256, 1<<64 - 1} {
			key := queueKey("crm", at, seq)
			if bytes.Compare(before, key) >= 0 {
				t.Errorf("the key of %v, %d isn't above the one before it", at, seq)
			}
			if !timeOf(key).Equal(at) || lastSeq(key) != seq || nameOf(key) != "crm" {
				t.Errorf("the key of %v, %d says %s, %v, %d", at, seq, nameOf(key), timeOf(key), lastSeq(key))
			}
			before = key
		}
	}
	if bytes.Compare(before, afterPrefix(namePrefix(queueKind, "crm"))) >= 0 {
		t.Error("a key is behind the end of its queue")
	}
}

func TestACursorNeverPassesALiveKey(t *testing.T) {
	var c cursor
	key := func(b byte) []byte { return []byte{b} }
	read := func(first []byte, during ...byte) {
		c.begin()
		for _, b := range during {
			c.put(key(b))
		}
		c.end(first)
	}
	at := func(want []byte) {
		t.Helper()
		if got := c.begin(); !bytes.Equal(got, want) {
			t.Errorf("it stands at %v, want %v", got, want)
		}
		c.end(nil)
	}
	at(nil)
	read(key(50))
	at(key(50))
	c.put(key(60))
	at(key(50))
	c.put(key(40))
	at(key(40))
	read(key(90), 70, 80)
	at(key(70)) // written while it was read, and missed
	read(key(90))
	at(key(90))
	read(nil, 95)
	at(key(90))
}

func FuzzRecords(f *testing.F) {
	var b bytes.Buffer
	must(f, encodeArrival(&b, &arrival{ev: newEvent("id", 10), window: 1}))
	whole := b.Bytes()
	for _, seed := range [][]byte{nil, {0xa0}, {formRecord, 0, 0, 0, 0}, whole, seal(formRecord, whole)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, value := range [][]byte{data, seal(formRecord, data), seal(formSplit, data)} {
			if ev, err := decodeEvent(1, value); err == nil {
				var again bytes.Buffer
				must(t, encodeArrival(&again, &arrival{ev: ev}))
				if _, err := decodeEvent(1, again.Bytes()); err != nil {
					t.Errorf("what was decoded can't be written and read again: %v", err)
				}
			}
			var o outcomeRecord
			_ = decode(value, &o)
			for i := range o.Deliveries {
				_ = o.Deliveries[i].delivery(1, o.At)
			}
			var all goners
			_ = decode(value, &all)
			_, _ = decodeQuarantined(value)
			_, _ = unsealSeq(value)
			_, _ = unsealFile(value)
			_, _ = decodeArrival(1, value)
			_, _ = splitSize(value)
			_ = decodeProgress(&event.Delivery{}, value)
		}
	})
}
