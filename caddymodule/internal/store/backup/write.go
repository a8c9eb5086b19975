package backup

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"hash/crc32"
	"io"
)

const (
	magic = "lodge\x00B\x01"
	// headBytes are those of a frame before its data.
	headBytes = 1 + 4 + 4
	// MaxFrame is how many bytes of data a frame holds at most.
	MaxFrame = 4 << 20
	// pieceBytes is how many bytes of a file go into a frame.
	pieceBytes = 256 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes a backup.
type Writer struct {
	w      io.Writer
	sum    hash.Hash
	number uint64
}

// NewWriter begins a backup.
func NewWriter(w io.Writer) (*Writer, error) {
	b := &Writer{sum: sha256.New()}
	b.w = io.MultiWriter(w, b.sum)
	_, err := io.WriteString(b.w, magic)
	return b, err
}

// Frame writes data of at most MaxFrame bytes.
func (b *Writer) Frame(kind Kind, data []byte) error {
	frame := appendHead(nil, kind, b.number, data)
	b.number++
	if _, err := b.w.Write(frame); err != nil {
		return err
	}
	_, err := b.w.Write(data)
	return err
}

// JSON writes a value as a frame.
func (b *Writer) JSON(kind Kind, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return b.Frame(kind, text)
}

// File writes a file of the journal, with the number of its first record and of
// the one behind its last.
func (b *Writer) File(first, end uint64, content io.WriterTo) error {
	head := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, first), end)
	if err := b.Frame(FileKind, head); err != nil {
		return err
	}
	_, err := content.WriteTo(pieces{b})
	return err
}

// pieces makes frames of what is written to it.
type pieces struct{ b *Writer }

func (p pieces) Write(data []byte) (n int, err error) {
	for n < len(data) && err == nil {
		piece := data[n:min(n+pieceBytes, len(data))]
		n += len(piece)
		err = p.b.Frame(BytesKind, piece)
	}
	return n, err
}

// Close ends the backup.
func (b *Writer) Close() error { return b.Frame(end, b.sum.Sum(nil)) }

// appendHead appends what stands before a frame's data.
func appendHead(to []byte, kind Kind, number uint64, data []byte) []byte {
	at := len(to)
	to = append(to, byte(kind))
	to = binary.BigEndian.AppendUint32(to, uint32(len(data)))
	sum := crc32.Checksum(binary.BigEndian.AppendUint64(to[at:len(to):len(to)], number), castagnoli)
	return binary.BigEndian.AppendUint32(to, crc32.Update(sum, castagnoli, data))
}
