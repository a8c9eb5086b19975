package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Reader reads a backup.
type Reader struct {
	r      io.Reader
	sum    hash.Hash
	number uint64
	data   []byte
	ended  bool
}

// NewReader begins to read a backup.
func NewReader(r io.Reader) (*Reader, error) {
	b := &Reader{sum: sha256.New()}
	b.r = io.TeeReader(r, b.sum)
	begin := make([]byte, len(magic))
	if _, err := io.ReadFull(b.r, begin); err != nil && !isCut(err) {
		return nil, err
	}
	if string(begin) != magic {
		return nil, ErrNotOurs
	}
	return b, nil
}

// Next returns the next frame, whose memory is only lent. It is io.EOF when the
// backup was read to its end and is whole.
func (b *Reader) Next() (Kind, []byte, error) {
	if b.ended {
		return 0, nil, io.EOF
	}
	whole := b.sum.Sum(nil)
	var head [headBytes]byte
	if err := b.fill(head[:]); err != nil {
		return 0, nil, err
	}
	kind, n := Kind(head[0]), binary.BigEndian.Uint32(head[1:])
	if n > MaxFrame {
		return 0, nil, b.damaged()
	}
	if uint32(cap(b.data)) < n {
		b.data = make([]byte, n)
	}
	data := b.data[:n]
	if err := b.fill(data); err != nil {
		return 0, nil, err
	}
	if !bytes.Equal(appendHead(nil, kind, b.number, data), head[:]) {
		return 0, nil, b.damaged()
	}
	b.number++
	if kind == end {
		return 0, nil, b.finish(whole, data)
	}
	return kind, data, nil
}

// finish holds the whole against its checksum; nothing may follow.
func (b *Reader) finish(whole, told []byte) error {
	b.ended = true
	n, err := io.ReadFull(b.r, make([]byte, 1))
	switch {
	case n > 0 || !bytes.Equal(whole, told):
		return b.damaged()
	case !isCut(err):
		return err
	}
	return io.EOF
}

func (b *Reader) fill(to []byte) error {
	_, err := io.ReadFull(b.r, to)
	if isCut(err) {
		return ErrCut
	}
	return err
}

func (b *Reader) damaged() error { return fmt.Errorf("%w (frame %d)", ErrDamaged, b.number) }

func isCut(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// Copy copies a backup while it checks it, and returns what it holds.
func Copy(to io.Writer, from io.Reader) (c Content, err error) {
	b, err := NewReader(io.TeeReader(from, to))
	for err == nil {
		var kind Kind
		var data []byte
		if kind, data, err = b.Next(); kind == ContentKind {
			err = errors.Join(err, Unmarshal(data, &c))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return c, err
}

// Unmarshal reads a frame of JSON.
func Unmarshal(data []byte, value any) error {
	if err := json.Unmarshal(data, value); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
