package backup

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// sample is a small backup with every kind of frame.
func sample(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	b, err := NewWriter(&out)
	for _, write := range []func() error{
		func() error { return b.JSON(HeaderKind, Header{Format: 3}) },
		func() error { return b.Frame(EntriesKind, []byte("some entries")) },
		func() error { return b.File(7, 9, bytes.NewReader(bytes.Repeat([]byte("x"), pieceBytes+1))) },
		func() error { return b.File(9, 10, bytes.NewReader([]byte("y"))) },
		func() error { return b.JSON(ContentKind, Content{Events: 2, Files: 2}) },
		b.Close,
	} {
		err = errors.Join(err, write())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestACopyIsTheSameAndTellsWhatItHolds(t *testing.T) {
	whole := sample(t)
	var out bytes.Buffer
	c, err := Copy(&out, bytes.NewReader(whole))
	if err != nil || c != (Content{Events: 2, Files: 2}) || !bytes.Equal(out.Bytes(), whole) {
		t.Errorf("got %+v, %v, %d of %d bytes", c, err, out.Len(), len(whole))
	}
}

func TestNoByteCanChangeUnnoticed(t *testing.T) {
	whole := sample(t)
	for at := range whole {
		if len(whole) > 4000 && at > 300 && at < len(whole)-700 && at%997 != 0 {
			continue // in the midst of the one long frame
		}
		for _, bits := range []byte{1, 0x80, 0xff} {
			whole[at] ^= bits
			_, err := Copy(io.Discard, bytes.NewReader(whole))
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrCut) && !errors.Is(err, ErrNotOurs) {
				t.Fatalf("byte %d changed by %x: %v", at, bits, err)
			}
			whole[at] ^= bits
		}
	}
}

func TestNoPieceCanBeMissingUnnoticed(t *testing.T) {
	whole := sample(t)
	for n := range whole {
		if n > 300 && n < len(whole)-700 && n%997 != 0 {
			continue
		}
		if _, err := Copy(io.Discard, bytes.NewReader(whole[:n])); !errors.Is(err, ErrCut) && !errors.Is(err, ErrNotOurs) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		without := append(bytes.Clone(whole[:n]), whole[n+1:]...)
		if _, err := Copy(io.Discard, bytes.NewReader(without)); err == nil {
			t.Fatalf("byte %d can be left out", n)
		}
	}
	if _, err := Copy(io.Discard, bytes.NewReader(append(whole, 0))); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte behind the end: %v", err)
	}
}

// Each frame has a checksum of its own, but two of them could change places.
func TestFramesCanNeitherChangePlacesNorComeTwice(t *testing.T) {
	frames := func(order ...string) error {
		var out bytes.Buffer
		b, err := NewWriter(&out)
		if err != nil {
			return err
		}
		for _, data := range []string{"a", "b"} {
			if err := b.Frame(EntriesKind, []byte(data)); err != nil {
				return err
			}
		}
		one := headBytes + 1
		a, c := out.Bytes()[len(magic):][:one], out.Bytes()[len(magic)+one:]
		parts := map[string][]byte{"a": a, "b": c}
		mixed := []byte(magic)
		for _, name := range order {
			mixed = append(mixed, parts[name]...)
		}
		r, err := NewReader(bytes.NewReader(mixed))
		for err == nil {
			_, _, err = r.Next()
		}
		return err
	}
	if err := frames("a", "b"); !errors.Is(err, ErrCut) {
		t.Errorf("in order: %v", err)
	}
	for _, order := range [][]string{{"b", "a"}, {"a", "a", "b"}, {"b"}} {
		if err := frames(order...); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v: %v", order, err)
		}
	}
}

func FuzzOnlyAWholeBackupIsRead(f *testing.F) {
	whole := sample(f)
	f.Add(0, byte(1), len(whole))
	f.Add(len(magic), byte(0xff), len(whole))
	f.Add(len(whole)-1, byte(1), len(whole))
	f.Fuzz(func(t *testing.T, at int, bits byte, n int) {
		if at < 0 || n < 0 || n > len(whole) || at >= n {
			t.Skip()
		}
		changed := bytes.Clone(whole[:n])
		changed[at] ^= bits
		_, err := Copy(io.Discard, bytes.NewReader(changed))
		if same := bits == 0 && n == len(whole); same != (err == nil) {
			t.Errorf("byte %d changed by %x, %d of %d bytes: %v", at, bits, n, len(whole), err)
		}
	})
}
