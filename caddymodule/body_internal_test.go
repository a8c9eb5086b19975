package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// TestABodyIsReadWholeWhateverSizeWasSaid: Caddy's own handlers may change a body
// behind its announced length.
func TestABodyIsReadWholeWhateverSizeWasSaid(t *testing.T) {
	for _, size := range []int{0, 1, 1024, small - 1, small, small + 1, 5*small + 7} {
		body := bytes.Repeat([]byte("body "), size/5+1)[:size]
		for _, said := range []int{-1, 0, size / 2, size, size + 1, 2 * size} {
			for name, r := range map[string]io.Reader{
				"at once":       bytes.NewReader(body),
				"with its end":  iotest.DataErrReader(bytes.NewReader(body)),
				"byte for byte": iotest.OneByteReader(bytes.NewReader(body)),
			} {
				var s share
				got, err := s.readAll(r, int64(said))
				s.free()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes %s, said to be %d: read %d, %v", size, name, said, len(got), err)
				}
			}
		}
	}
	if left := large.Load(); left != 0 {
		t.Errorf("%d bytes count as being in memory still", left)
	}
}

func TestABodyThatBreaksOffIsNone(t *testing.T) {
	var s share
	defer s.free()
	broken := io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(io.ErrUnexpectedEOF))
	if body, err := s.readAll(broken, 1024); body != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
}
