package badgerstore

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTheLowestThatStandsIsAlwaysKnown(t *testing.T) {
	var w standing
	var model []uint64
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		seq := random.Uint64N(5*standingBits) + 1
		if i, found := slices.BinarySearch(model, seq); !found && random.IntN(3) > 0 {
			w.add(seq)
			model = slices.Insert(model, i, seq)
		} else if len(model) > 0 {
			i := random.IntN(len(model)) / 3
			w.remove(model[i])
			model = slices.Delete(model, i, i+1)
		}
		var want uint64
		if len(model) > 0 {
			want = model[0]
		}
		if got := w.lowest(); got != want {
			t.Fatalf("the lowest is %d, want %d", got, want)
		}
	}
	for _, seq := range model {
		w.remove(seq)
	}
	if len(w.lines) > 0 {
		t.Errorf("%d lines are left of nothing", len(w.lines))
	}
}
