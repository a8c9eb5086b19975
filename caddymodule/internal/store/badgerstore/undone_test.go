package badgerstore

import (
	"slices"
	"testing"
)

func TestChangesThatWereNotCarriedOutLeaveTheList(t *testing.T) {
	flush := func(id uint64) changeSet { return changeSet{created: []uint64{id}} }
	merge := func(created, merged []uint64) changeSet { return changeSet{created: created, merged: merged} }
	for name, c := range map[string]struct {
		sets  []changeSet
		there []uint64
		kept  int
	}{
		"nothing failed":                   {[]changeSet{flush(1), flush(2), merge([]uint64{3}, []uint64{1, 2})}, []uint64{3}, 3},
		"a table of a memtable":            {[]changeSet{flush(1), flush(2)}, []uint64{1}, 1},
		"and again, then it went well":     {[]changeSet{flush(1), flush(2), flush(3)}, []uint64{3}, 1},
		"a merge":                          {[]changeSet{flush(1), flush(2), merge([]uint64{3, 4}, []uint64{1, 2})}, []uint64{1, 2}, 2},
		"a merge of which a part is there": {[]changeSet{flush(1), merge([]uint64{2, 3}, []uint64{1})}, []uint64{1, 2}, 2},
		"a merge whose tables are gone":    {[]changeSet{flush(1), merge([]uint64{2}, []uint64{1})}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			kept, dropped := undo(c.sets, func(id uint64) bool { return slices.Contains(c.there, id) })
			if len(kept) != c.kept || (dropped > 0) != (len(kept) < len(c.sets)) {
				t.Errorf("%d of %d are left, not %d; %d tables dropped", len(kept), len(c.sets), c.kept, dropped)
			}
		})
	}
}
