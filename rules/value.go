package rules

import (
	"reflect"
	"strings"
)

// Value is an expression over an event that gives one value, such as the id
// that deliveries are ordered by. It may be used from many goroutines.
type Value struct{ program *program }

// CompileValue compiles one. The name is for its errors, which are *Error.
func CompileValue(name, expr string, at Position) (*Value, error) {
	p, err := compileOne(source{value: name, text: expr, at: at}, eventScope{})
	if err != nil {
		return nil, err
	}
	return &Value{p}, nil
}

// Reads is what it reads of a name of Env, such as "original".
func (v *Value) Reads(name string) Part { return v.program.reads[name] }

// Eval gives the value as text: a text as it is, a number with all its
// digits, true or false, a time as RFC 3339; "" for what is missing. A list,
// a map or an entity is an error.
func (v *Value) Eval(env *Env) (string, error) {
	r := start()
	defer r.end()
	var s string
	err := v.program.run(r, env.scope(r), func(result any) (err error) {
		s, err = textOf(result)
		return err
	})
	return s, err
}

// Extract is an expression over a raw request, such as the event id of a
// custom source. It may be used from many goroutines.
type Extract struct{ program *program }

// CompileExtract compiles one. The name is for its errors, which are *Error.
func CompileExtract(name, expr string, at Position) (*Extract, error) {
	p, err := compileOne(source{value: name, text: expr, at: at}, requestScope{})
	if err != nil {
		return nil, err
	}
	return &Extract{p}, nil
}

// Reads is what it reads of a name of Request, such as "body".
func (x *Extract) Reads(name string) Part { return x.program.reads[name] }

// Eval gives the result as it is: nil for what is missing, numbers as Decode
// gives them.
func (x *Extract) Eval(req *Request) (any, error) {
	r := start()
	defer r.end()
	var v any
	err := x.program.run(r, requestScope{Request: *req, Run: r}, func(result any) error {
		v = result
		return nil
	})
	return v, err
}

// compileOne compiles an expression that must give a single value.
func compileOne(s source, env any) (*program, error) {
	if strings.TrimSpace(s.text) == "" {
		return nil, s.err("it is empty", "write an expression that gives one value")
	}
	p, err := compile(s, env)
	if err != nil {
		return nil, err
	}
	switch p.kind.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Array:
		if !isTime(p.kind) {
			return nil, s.err("it gives "+kindOfType(p.kind)+" where one value is needed", "name a field, such as an id")
		}
	}
	return p, nil
}
