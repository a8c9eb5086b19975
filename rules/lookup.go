package rules

import (
	"reflect"
	"strings"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

// list is an open value as a list: anything else is an empty one.
func (r *run) list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	rv := reflect.ValueOf(v)
	if !isList(rv) {
		return nil
	}
	r.charge(60 * rv.Len())
	l := make([]any, rv.Len())
	for i := range l {
		l[i] = rv.Index(i).Interface()
	}
	return l
}

func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice || v.Kind() == reflect.Array
}

// member looks up a key or an index in an open value; what isn't there is nil.
func (r *run) member(from, key any) (found any) {
	r.payKey(key)
	switch from := from.(type) {
	case nil, string:
		return nil
	case map[string]any:
		if name, ok := key.(string); ok {
			return from[name]
		}
		return nil
	case []any:
		return item(from, key)
	}
	if _, ok := key.(float64); ok {
		return nil
	}
	defer func() {
		if recover() != nil { // a key of a kind that from has none of
			found = nil
		}
	}()
	found, _ = builtin.Builtins[builtin.Index["get"]].Func(from, key)
	if reflect.ValueOf(found).Kind() == reflect.Func { // a method
		return nil
	}
	return found
}

// item is an item of a list; a negative index counts from the end.
func item(from []any, index any) any {
	i, ok := integer(index)
	if i < 0 {
		i += int64(len(from))
	}
	if !ok || i < 0 || i >= int64(len(from)) {
		return nil
	}
	return from[i]
}

// header looks up a name in headers, whatever its case, or in a query.
func (r *run) header(from, key any) string {
	name, ok := key.(string)
	if !ok {
		return ""
	}
	r.payKey(name)
	if query, ok := from.(map[string]string); ok {
		return query[name]
	}
	headers, _ := from.(Headers)
	value, _ := headers.get(name)
	r.charge(len(headers))
	return value
}

func (h Headers) get(name string) (string, bool) {
	if v, ok := h[name]; ok {
		return v, true
	}
	for k, v := range h {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return "", false
}

// slice is v[from:to] of an open value; nil stands for an end left out.
func slice(args ...any) any {
	v, from, to := args[0], args[1], args[2]
	rv := reflect.ValueOf(v)
	if !isList(rv) && rv.Kind() != reflect.String {
		return nil
	}
	if from == nil {
		from = 0
	}
	if to == nil {
		to = rv.Len()
	}
	return runtime.Slice(v, from, to)
}

// span is from..to of open values; without both ends it is empty.
func (r *run) span(from, to any) any {
	if from == nil || to == nil {
		return []int{}
	}
	a, b := runtime.ToInt(from), runtime.ToInt(to)
	if b >= a {
		if b-a < 0 || b-a >= maxItems {
			panic(errBudget)
		}
		r.charge(16 * (b - a))
	}
	return runtime.MakeRange(a, b)
}
