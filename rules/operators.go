package rules

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// truth is an open value as a condition: what is missing is false.
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	}
	panic(&fault{"a condition gives " + kindOf(v) + ", not true or false", "compare it with something"})
}

// open gives a value that may be nil its true type: any.
func open(v any) any { return v }

// ordered makes <, <=, > and >=. What is missing, or of kinds that have no
// common order, compares false.
func (r *run) ordered(holds func(int) bool) func(a, b any) bool {
	return func(a, b any) bool {
		c, ok := r.compare(a, b)
		return ok && holds(c)
	}
}

// compare orders two numbers, texts, times or durations.
func (r *run) compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		r.charge(min(len(a), len(b)) / 8)
		return strings.Compare(a, b), ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	case time.Duration:
		b, ok := b.(time.Duration)
		return cmp.Compare(a, b), ok
	}
	return r.compareNumbers(a, b)
}

func (r *run) equal(a, b any) bool { return r.equalAt(a, b, 0) }

func (r *run) equalAt(a, b any, depth int) bool {
	if depth > 0 { // what stands in the rule itself is counted as a node
		r.charge(40)
	}
	if a == nil || b == nil {
		return runtime.IsNil(a) && runtime.IsNil(b)
	}
	if c, ok := r.compare(a, b); ok {
		return c == 0
	}
	r.charge(100)
	if depth > maxDepth {
		panic(errDepth)
	}
	if a, ok := a.(map[string]any); ok {
		b, ok := b.(map[string]any)
		return ok && r.equalMaps(a, b, depth)
	}
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	if isList(v) && isList(w) {
		return r.equalLists(v, w, depth)
	}
	r.walk(a, 0)
	return reflect.DeepEqual(a, b)
}

func (r *run) equalMaps(a, b map[string]any, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		r.charge(200 + len(k)/4)
		w, ok := b[k]
		if !ok || !r.equalAt(v, w, depth+1) {
			return false
		}
	}
	return true
}

func (r *run) equalLists(a, b reflect.Value, depth int) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !r.equalAt(a.Index(i).Interface(), b.Index(i).Interface(), depth+1) {
			return false
		}
	}
	return true
}

// within is "in": an item of a list, a key of a map, a header's name.
func (r *run) within(item, in any) bool {
	switch in := in.(type) {
	case map[string]any:
		name, ok := item.(string)
		r.payKey(name)
		_, found := in[name]
		return ok && found
	case Headers:
		name, _ := item.(string)
		r.payKey(name)
		_, found := in.get(name)
		r.charge(len(in))
		return found
	case []string:
		name, ok := item.(string)
		r.charge(len(in) * (10 + len(name)/8))
		return ok && slices.Contains(in, name)
	}
	v := reflect.ValueOf(in)
	if isList(v) {
		for i := range v.Len() {
			r.charge(10)
			if r.equal(v.Index(i).Interface(), item) {
				return true
			}
		}
		return false
	}
	if v.Kind() == reflect.Map && item != nil && reflect.TypeOf(item).AssignableTo(v.Type().Key()) {
		r.payKey(item)
		return v.MapIndex(reflect.ValueOf(item)).IsValid()
	}
	return false
}

// pattern is a regular expression and what a byte of text may cost it, and the
// end of it: RE2 follows at most as many threads as the program has instructions.
type pattern struct {
	*regexp.Regexp
	cost int
}

func (r *run) matches(text, p any) bool {
	s, ok := text.(string)
	if !ok {
		return false
	}
	re := p.(*pattern)
	r.charge((len(s) + 1) * re.cost)
	return re.MatchString(s)
}

func (r *run) texts(a, b any) (s, t string, ok bool) {
	s, ok1 := a.(string)
	t, ok2 := b.(string)
	return s, t, ok1 && ok2
}

func (r *run) contains(a, b any) bool {
	s, t, ok := r.texts(a, b)
	r.charge(3 * len(s))
	return ok && strings.Contains(s, t)
}

func (r *run) startsWith(a, b any) bool {
	s, t, ok := r.texts(a, b)
	r.charge(len(t) / 8)
	return ok && strings.HasPrefix(s, t)
}

func (r *run) endsWith(a, b any) bool {
	s, t, ok := r.texts(a, b)
	r.charge(len(t) / 8)
	return ok && strings.HasSuffix(s, t)
}

// add is + of texts and of open values.
func (r *run) add(a, b any) any {
	if s, t, ok := r.texts(a, b); ok {
		r.charge(2 * (len(s) + len(t)))
		return s + t
	}
	return r.plus(a, b)
}

// name is that of a member of a map which a rule makes.
func (r *run) name(v any) string {
	r.payKey(v)
	return v.(string)
}
