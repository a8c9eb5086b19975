package rules

import (
	"reflect"
	"slices"
	"testing"
)

func TestWhatAnExpressionReadsOfThePayload(t *testing.T) {
	nothing, all := Part{}, Part{all: true}
	only := func(members ...string) Part { return Part{members: members} }
	for text, want := range map[string]Part{
		`type == "original"`:                              nothing,
		`data.student.id == ""`:                           nothing,
		`data.order.status == data["order"]["created"]`:   nothing,
		`original.a.b[0].c == 7`:                          only("a"),
		`original["a"].original.b == 7 && original?.b[0]`: only("a", "b"),
		`all(original.items, .original == original.m.z)`:  only("items", "m"),
		`let x = original.a; x.b == 1`:                    only("a"),
		`original == nil`:                                 all,
		`len(original) > 0 || original.a`:                 all,
		`original[type]`:                                  all,
		`original[0]`:                                     all,
		`get(original, "s") == ""`:                        all,
		`"s" in original`:                                 all,
		`let x = original; x.b == 1`:                      all,
		`any([original], .s == "")`:                       all,
		`(original ?? headers).s == ""`:                   all,
		`{"x": original}.x.s == ""`:                       all,
	} {
		s := mustCompile(t, nil, Rule{Name: "a", When: text, To: to("crm")})
		got := s.Reads("original")
		slices.Sort(got.members)
		if got.all != want.all || !want.all && !slices.Equal(got.members, want.members) || got.Any() != want.Any() {
			t.Errorf("%s reads %+v, not %+v", text, got, want)
		}
	}
}

func TestASetReadsWhatAnyOfItsExpressionsReads(t *testing.T) {
	s := mustCompile(t, nil,
		Rule{Name: "a", When: `original.a == 1`, To: to("crm"), Transform: `original.b`},
		Rule{Name: "b", When: `"x" in headers`, To: to("lms")},
	)
	if got := s.Reads("original"); got.all || !slices.Equal(got.members, []string{"a", "b"}) {
		t.Errorf("it reads %+v", got)
	}
	if !s.Reads("headers").Any() || s.Reads("changed").Any() {
		t.Error("it reads the headers and nothing of what changed")
	}
	whole := mustCompile(t, nil,
		Rule{Name: "a", When: `original.a == 1`, To: to("crm"), Transform: `original`},
		Rule{Name: "b", When: `original.c == 1`, To: to("lms")},
	)
	if got := whole.Reads("original"); !got.all {
		t.Errorf("it reads %+v", got)
	}
	both := Part{}.And(Part{members: []string{"a"}}).And(Part{members: []string{"b"}})
	if !slices.Equal(both.members, []string{"a", "b"}) || !both.And(Part{all: true}).all || !(Part{all: true}).And(both).all {
		t.Errorf("together they are %+v", both)
	}
}

// TestAPartGivesWhatTheWholeGives holds that no expression can tell.
func TestAPartGivesWhatTheWholeGives(t *testing.T) {
	for text := range valueTable {
		x, err := compile(source{text: text}, eventScope{})
		if err != nil {
			t.Fatal(err)
		}
		env := sample(t)
		result := func() (v any) {
			r := newRun()
			if err := x.run(r, env.scope(r), func(got any) error { v = got; return nil }); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			return v
		}
		whole := result()
		part, decodeErr := x.reads["original"].Decode([]byte(payload))
		if decodeErr != nil {
			t.Fatal(decodeErr)
		}
		env.Original = part
		if got := result(); !reflect.DeepEqual(got, whole) {
			t.Errorf("%s gives %v of a part and %v of all", text, got, whole)
		}
	}
}

func TestAPartIsDecodedOnlyWhereItIsRead(t *testing.T) {
	if v, err := (Part{}).Decode([]byte("no JSON")); v != nil || err != nil {
		t.Errorf("nothing of it is %v, %v", v, err)
	}
	body := []byte(`{"id":7,"skipped":{"id":8},"id":9,"data":{"skipped":1}}`)
	got, err := Part{members: []string{"id", "data"}}.Decode(body)
	want := map[string]any{"id": int64(9), "data": map[string]any{"skipped": int64(1)}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
