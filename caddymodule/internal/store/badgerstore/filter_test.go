package badgerstore

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

func numbered(n int) dedupeHash {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return dedupeHash(sum[:])
}

func TestAFilterForgetsNoKeyAndTakesFewStrangersForOne(t *testing.T) {
	b := newBloom(10000)
	for n := range 10000 {
		b.add(numbered(n))
	}
	wrong := 0
	for n := range 20000 {
		switch may := b.mayHave(numbered(n)); {
		case n < 10000 && !may:
			t.Fatalf("key %d is forgotten", n)
		case n >= 10000 && may:
			wrong++
		}
	}
	if wrong > 15 {
		t.Errorf("%d of 10,000 strangers are taken for one, want 3", wrong)
	}
}

func BenchmarkFilter(b *testing.B) {
	f := newBloom(1 << 22)
	for n := 0; b.Loop(); n++ {
		if f.mayHave(numbered(n)) {
			b.Fatal("an empty filter has a key")
		}
	}
}
