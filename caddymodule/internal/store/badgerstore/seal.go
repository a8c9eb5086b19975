package badgerstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/fxamacker/cbor/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// A value is a form byte, a CRC-32C of the rest, and the rest.
const (
	formRecord byte = 1 // the rest is CBOR, or a few raw bytes
	formSplit  byte = 2 // the rest is the size of a value in chunks
	sealBytes       = 5
)

var errDamaged = journal.ErrDamaged

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	encoding   = mode(cbor.EncOptions{}.UserBufferEncMode())
	// Strings that strangers send need not be UTF-8, nor their maps be small;
	// the limits that count were kept before anything was written.
	decoding = mode(cbor.DecOptions{
		UTF8:             cbor.UTF8DecodeInvalid,
		MaxArrayElements: 1<<31 - 1,
		MaxMapPairs:      1<<31 - 1,
	}.DecMode())
)

// mode is for options that are fixed, so that they can't be wrong.
func mode[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func seal(form byte, rest []byte) []byte {
	value := make([]byte, sealBytes, sealBytes+len(rest))
	value[0] = form
	binary.BigEndian.PutUint32(value[1:], crc32.Checksum(rest, castagnoli))
	return append(value, rest...)
}

// unseal returns the form of a value and its rest, which shares its memory.
func unseal(value []byte) (form byte, rest []byte, err error) {
	if len(value) < sealBytes {
		return 0, nil, fmt.Errorf("%w: %d bytes are too few", errDamaged, len(value))
	}
	form, rest = value[0], value[sealBytes:]
	if form != formRecord && form != formSplit {
		return 0, nil, fmt.Errorf("%w: form %d is unknown", errDamaged, form)
	}
	if crc32.Checksum(rest, castagnoli) != binary.BigEndian.Uint32(value[1:]) {
		return 0, nil, fmt.Errorf("%w: wrong checksum", errDamaged)
	}
	return form, rest, nil
}

func sealSeq(seq uint64) []byte {
	return seal(formRecord, binary.BigEndian.AppendUint64(nil, seq))
}

func unsealSeq(value []byte) (uint64, error) {
	_, rest, err := unseal(value)
	if err != nil {
		return 0, err
	}
	if len(rest) != 8 {
		return 0, fmt.Errorf("%w: %d bytes are no number", errDamaged, len(rest))
	}
	return binary.BigEndian.Uint64(rest), nil
}

// encode seals a record.
func encode(record any) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	b.Write([]byte{formRecord, 0, 0, 0, 0})
	if err := encoding.MarshalToBuffer(record, b); err != nil {
		return nil, err
	}
	value := bytes.Clone(b.Bytes())
	binary.BigEndian.PutUint32(value[1:], crc32.Checksum(value[sealBytes:], castagnoli))
	return value, nil
}

func decode(value []byte, record any) error {
	form, rest, err := unseal(value)
	if err != nil {
		return err
	}
	if form != formRecord {
		return fmt.Errorf("%w: form %d is no record", errDamaged, form)
	}
	return unmarshal(rest, record)
}

func unmarshal(rest []byte, record any) error {
	if err := decoding.Unmarshal(rest, record); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}

// whichRecord names the record of a key in an error, without any payload.
func whichRecord(key []byte, err error) error { return fmt.Errorf("%s: %w", which(key), err) }

func which(key []byte) string {
	kind, ok := kindNames[key[0]]
	switch {
	case !ok:
		return fmt.Sprintf("record of kind %q", key[0])
	case key[0] == eventKind && !isOutcome(key):
		return "dedupe key"
	case len(key) < 9 || key[0] == metaKind || key[0] == finishedKind:
		return kind
	case key[0] == quarantineKind || key[0] == behindKind:
		return fmt.Sprintf("%s %d", kind, lastSeq(key))
	case key[0] == tailKind:
		return fmt.Sprintf("%s of backend %s", kind, nameOf(key))
	}
	return fmt.Sprintf("%s %d", kind, seqOf(key))
}

var kindNames = map[byte]string{
	eventKind:      "outcome of event",
	fileKind:       "journal from event",
	unfinishedKind: "progress of event",
	progressKind:   "attempts of event",
	tailKind:       "end of an order",
	behindKind:     "order behind event",
	finishedKind:   "index of finished events",
	generationKind: "age of dedupe keys",
	quarantineKind: "quarantined request",
	metaKind:       "counts or format of the store",
}
