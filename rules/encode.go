package rules

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"
)

// encode writes a value as JSON: integers with all their digits, times as RFC
// 3339, durations as "1h30m0s", maps by the order of their keys, <, > and &
// as they are. It charges while it writes, because lists that share items can
// be far longer as text than they are in memory.
func encode(r *run, v any) ([]byte, error) {
	e := encoder{run: r}
	err := e.value(v, 0)
	return e.out.Bytes(), err
}

type encoder struct {
	run *run
	out bytes.Buffer
}

func (e *encoder) value(v any, depth int) error {
	e.run.charge(20)
	if depth > maxDepth {
		return errDepth
	}
	switch v := v.(type) {
	case *big.Int:
		e.run.charge(10 * v.BitLen())
		e.write(v.String())
		return nil
	case big.Int:
		return e.value(&v, depth)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return &fault{"a number is infinite or undefined, which JSON can't express", "check for a division by zero"}
		}
	case time.Duration:
		return e.leaf(v.String())
	case time.Time:
		return e.leaf(v)
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Map:
		return e.object(v, depth)
	case reflect.Slice, reflect.Array:
		if rv.Type().Elem().Kind() != reflect.Uint8 {
			return e.array(rv, depth)
		}
	case reflect.Pointer, reflect.Func: // a time zone, a method
		return &fault{"JSON can't express " + kindOf(v), ""}
	}
	return e.leaf(v)
}

func (e *encoder) object(v any, depth int) error {
	e.write("{")
	for i, p := range entries(e.run, v) {
		if i > 0 {
			e.write(",")
		}
		if err := e.leaf(p.name); err != nil {
			return err
		}
		e.write(":")
		if err := e.value(p.value, depth+1); err != nil {
			return err
		}
	}
	e.write("}")
	return nil
}

func (e *encoder) array(v reflect.Value, depth int) error {
	e.write("[")
	for i := range v.Len() {
		if i > 0 {
			e.write(",")
		}
		if err := e.value(v.Index(i).Interface(), depth+1); err != nil {
			return err
		}
	}
	e.write("]")
	return nil
}

// leaf writes what encoding/json knows how to write.
func (e *encoder) leaf(v any) error {
	e.run.charge(200)
	if s, ok := v.(string); ok {
		e.run.charge(10 * len(s))
	}
	before := e.out.Len()
	enc := json.NewEncoder(&e.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return &fault{"JSON can't express " + kindOf(v), ""}
	}
	e.out.Truncate(e.out.Len() - 1) // the encoder's newline
	e.run.charge(2 * (e.out.Len() - before))
	return nil
}

func (e *encoder) write(s string) {
	e.run.charge(len(s))
	e.out.WriteString(s)
}

// textOf is a single value as text: an id, a key, a number. nil is "".
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case *big.Int:
		return v.String(), nil
	case big.Int:
		return v.String(), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case time.Duration:
		return v.String(), nil
	}
	if i, ok := integer(v); ok {
		return strconv.FormatInt(i, 10), nil
	}
	return "", &fault{"it gives " + kindOf(v) + " where one value is needed", "name a field, such as an id"}
}
