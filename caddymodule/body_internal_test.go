package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
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
				s := share{of: &strangers}
				got, err := s.readAll(r, int64(said), maxMaxBody)
				s.free()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes %s, said to be %d: read %d, %v", size, name, said, len(got), err)
				}
			}
		}
	}
	if left := strangers.Load(); left != 0 {
		t.Errorf("%d bytes count as being in memory still", left)
	}
}

// TestThereIsRoomForTheLongestBody, and for seeing that one is longer: who sends it
// is told so, and not to come again.
func TestThereIsRoomForTheLongestBody(t *testing.T) {
	body := make([]byte, maxMaxBody+1)
	for _, longest := range []int{small - 1, small, 1_000_000, maxMaxBody} {
		for size, want := range map[int]bool{longest: true, longest + 1: false} {
			s := share{of: &strangers}
			r := http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(body[:size])), int64(longest))
			got, err := s.readAll(r, -1, int64(longest))
			s.free()
			var tooLarge *http.MaxBytesError
			if want && len(got) != size || !want && !errors.As(err, &tooLarge) {
				t.Errorf("%d bytes where %d may be: read %d, %v", size, longest, len(got), err)
			}
		}
	}
}

func TestABodyThatBreaksOffIsNone(t *testing.T) {
	s := share{of: &strangers}
	defer s.free()
	broken := io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(io.ErrUnexpectedEOF))
	if body, err := s.readAll(broken, 1024, maxMaxBody); body != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
}
