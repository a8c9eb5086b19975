package rules

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/builtin"
)

// function is a function of the language that takes no predicate: expr's own,
// paid for before it runs, or ours where expr's is unbounded, loses digits or
// depends on the order of a map.
type function struct {
	pay  func(r *run, args []any)
	call func(r *run, args []any) (any, error) // nil: expr's
	// raw arguments may be nil, and numbers have all their digits.
	raw bool
}

var functions = functionTable()

func functionTable() map[string]function {
	cheap, deep := function{pay: payNothing}, function{pay: (*run).payDeep}
	t := map[string]function{
		"repeat": {pay: payRepeat}, "replace": {pay: payReplace}, "join": {pay: payJoin},
		"date": {pay: payDate}, "timezone": {pay: payZone}, "sort": {pay: paySort},
		"max": deep, "min": deep, "mean": deep, "fromPairs": deep, "trim": {pay: payTrim},
		"abs": cheap, "ceil": cheap, "floor": cheap, "round": cheap, "type": cheap,
		"bitand": cheap, "bitor": cheap, "bitxor": cheap, "bitnand": cheap,
		"bitshl": cheap, "bitshr": cheap, "bitushr": cheap, "bitnot": cheap,
		"first": cheap, "last": cheap, "take": cheap,

		"len": {call: length, raw: true}, "get": {call: get, raw: true},
		"int": {call: toInt, raw: true}, "string": {call: toText, raw: true},
		"toJSON": {call: toJSON, raw: true}, "fromJSON": {call: fromJSON},
		"concat": {call: concat, raw: true}, "uniq": {call: uniq, raw: true},
		"flatten": {call: flatten}, "median": {call: median},
		"keys": {call: keys}, "values": {call: values}, "toPairs": {call: pairs},
	}
	for _, name := range []string{
		"upper", "lower", "trimPrefix", "trimSuffix", "split", "splitAfter",
		"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "toBase64", "fromBase64",
		"float", "duration", "reverse",
	} {
		t[name] = function{pay: (*run).payShallow}
	}
	return t
}

// call is a call of a function: its name, then the arguments. What is missing
// goes through: nil gives nil.
func (r *run) call(args ...any) any {
	name, args := args[0].(string), args[1:]
	f := functions[name]
	if !f.raw {
		for i, a := range args {
			if a == nil {
				return nil
			}
			args[i] = r.plain(a)
		}
	}
	result, err := r.result(name, f, args)
	if err != nil {
		panic(err)
	}
	return result
}

func (r *run) result(name string, f function, args []any) (any, error) {
	if f.call != nil {
		return f.call(r, args)
	}
	f.pay(r, args)
	b := builtin.Builtins[builtin.Index[name]]
	defer func() {
		if p := recover(); p != nil {
			panic(&fault{fmt.Sprintf("%s can't work with %s", name, kindsOf(args)), ""})
		}
	}()
	switch {
	case b.Fast != nil:
		return b.Fast(args[0]), nil
	case b.Safe != nil:
		v, _, err := b.Safe(args...)
		return v, explain(name, args, err)
	}
	v, err := b.Func(args...)
	return v, explain(name, args, err)
}

// explain replaces an error of expr, which may quote a value.
func explain(name string, args []any, err error) error {
	if err == nil {
		return nil
	}
	return &fault{fmt.Sprintf("%s can't work with this value of %s", name, kindsOf(args)), ""}
}

func kindsOf(args []any) string {
	kinds := make([]string, len(args))
	for i, a := range args {
		kinds[i] = kindOf(a)
	}
	return strings.Join(kinds, ", ")
}
