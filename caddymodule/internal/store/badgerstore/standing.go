package badgerstore

import "math/bits"

// standing are the events of which a delivery stands in a queue, as one bit
// each: their numbers lie close together. The lowest is about the oldest
// delivery that waits; for those in line behind another one stand its head.
type standing struct {
	lines map[uint64]*[standingWords]uint64
}

const (
	standingWords = 1 << 10
	standingBits  = standingWords * 64
)

func (w *standing) add(seq uint64) {
	if w.lines == nil {
		w.lines = make(map[uint64]*[standingWords]uint64)
	}
	line := w.lines[seq/standingBits]
	if line == nil {
		line = new([standingWords]uint64)
		w.lines[seq/standingBits] = line
	}
	line[seq%standingBits/64] |= 1 << (seq % 64)
}

func (w *standing) remove(seq uint64) {
	line := w.lines[seq/standingBits]
	if line == nil {
		return
	}
	if line[seq%standingBits/64] &^= 1 << (seq % 64); *line == ([standingWords]uint64{}) {
		delete(w.lines, seq/standingBits)
	}
}

// lowest is 0 if there is none.
func (w *standing) lowest() (seq uint64) {
	for n, line := range w.lines {
		if seq != 0 && n >= seq/standingBits {
			continue
		}
		for i, word := range line {
			if word != 0 {
				seq = n*standingBits + uint64(i)*64 + uint64(bits.TrailingZeros64(word))
				break
			}
		}
	}
	return seq
}
