package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

const (
	// chunkBytes is the biggest value in one piece.
	chunkBytes = 256 << 10
	// spillBytes is how much of a split record goes into one transaction.
	spillBytes = 2 * chunkBytes
	// otherChunks is the number of the first chunk of a record that replaced
	// one in chunks.
	otherChunks uint32 = 1 << 31
)

// putLarge writes a record of any size that never changes. What doesn't fit
// into one value of at most inline bytes is committed in chunks first; the
// step then writes the head that makes it visible.
func (st *step) putLarge(key, value []byte, inline int) { st.putLargeAt(key, value, inline, 0) }

func (st *step) putLargeAt(key, value []byte, inline int, start uint32) {
	if len(value) <= inline || st.err != nil {
		st.put(key, value)
		return
	}
	st.closed = true // its transaction is older than the chunks
	if err := st.spill(key, value, start); err != nil {
		st.err = err
		return
	}
	head := binary.BigEndian.AppendUint64(nil, uint64(len(value)))
	if start > 0 {
		head = binary.BigEndian.AppendUint32(head, start)
	}
	st.put(key, seal(formSplit, head))
}

// spill commits a value's chunks, a bounded part of them at a time.
func (st *step) spill(key, value []byte, start uint32) error {
	for n := start; len(value) > 0; {
		part := value[:min(len(value), spillBytes)]
		if err := st.spillPart(key, n, part); err != nil {
			return fmt.Errorf("chunks of a large record: %w", err)
		}
		value = value[len(part):]
		n += chunksOf(uint64(len(part)))
	}
	return nil
}

func (st *step) spillPart(key []byte, n uint32, part []byte) error {
	txn := st.store.versions.begin(true)
	defer st.store.versions.end(txn)
	for chunk := range slices.Chunk(part, chunkBytes) {
		if err := txn.Set(chunkKey(key, n), chunk); err != nil {
			return err
		}
		n++
	}
	return st.store.publish(txn)
}

// getLarge returns what putLarge wrote, or nil where there is none.
func getLarge(txn *badger.Txn, key []byte) ([]byte, error) {
	value, err := get(txn, key)
	if err != nil || value == nil || value[0] != formSplit {
		return value, err
	}
	size, err := splitSize(value)
	if err != nil {
		return nil, whichRecord(key, err)
	}
	whole := make([]byte, 0, size)
	for n := range chunksOf(size) {
		chunk, err := get(txn, chunkKey(key, firstChunk(value)+n))
		if err != nil {
			return nil, err
		}
		whole = append(whole, chunk...)
	}
	if uint64(len(whole)) != size {
		return nil, whichRecord(key, fmt.Errorf("%w: %d of %d bytes are there", errDamaged, len(whole), size))
	}
	return whole, nil
}

// largeKeys returns every key that putLarge wrote for a record that is there,
// damaged or not.
func largeKeys(txn *badger.Txn, key []byte) ([][]byte, error) {
	value, err := get(txn, key)
	if errors.Is(err, errDamaged) {
		return [][]byte{key}, nil
	}
	if err != nil || value == nil {
		return nil, err
	}
	keys := [][]byte{key}
	for n := firstChunk(value); value[0] == formSplit; n++ {
		chunk := chunkKey(key, n)
		if found, err := has(txn, chunk); err != nil {
			return nil, err
		} else if !found {
			break
		}
		keys = append(keys, chunk)
	}
	return keys, nil
}

func splitSize(head []byte) (uint64, error) {
	_, rest, err := unseal(head)
	if err != nil {
		return 0, err
	}
	if len(rest) != 8 && len(rest) != 12 {
		return 0, fmt.Errorf("%w: %d bytes are no size", errDamaged, len(rest))
	}
	return binary.BigEndian.Uint64(rest), nil
}

// firstChunk is the number of the first chunk of a split record.
func firstChunk(head []byte) uint32 {
	if len(head) == sealBytes+12 {
		return binary.BigEndian.Uint32(head[sealBytes+8:])
	}
	return 0
}

func chunksOf(size uint64) uint32 { return uint32((size + chunkBytes - 1) / chunkBytes) }

// replaceLarge writes another record in place of one. The chunks of both are
// there until the step is on disk, so they have numbers of their own.
func (st *step) replaceLarge(key, value []byte, inline int) {
	old, err := get(st.txn, key)
	if err != nil {
		st.err = errors.Join(st.err, err)
		return
	}
	doomed, err := largeKeys(st.txn, key)
	if err != nil {
		st.err = errors.Join(st.err, err)
		return
	}
	start := uint32(0)
	if old != nil && old[0] == formSplit && firstChunk(old) == 0 {
		start = otherChunks
	}
	for _, chunk := range doomed[min(1, len(doomed)):] {
		st.delete(chunk)
	}
	st.putLargeAt(key, value, inline, start)
}
