package rules

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// integer is a number of any kind that an int64 holds.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case uint8:
		return int64(v), true
	case int32:
		return int64(v), true
	}
	return 0, false
}

// whole is a number with all its digits; nil when v isn't one.
func whole(v any) *big.Float {
	if i, ok := integer(v); ok {
		return new(big.Float).SetInt64(i)
	}
	switch v := v.(type) {
	case uint64:
		return new(big.Float).SetUint64(v)
	case *big.Int:
		return new(big.Float).SetInt(v)
	case big.Int: // expr takes pointers off
		return new(big.Float).SetInt(&v)
	case float64:
		if !math.IsNaN(v) {
			return big.NewFloat(v)
		}
	}
	return nil
}

// wholeCost is for what is done with all digits of a number.
const wholeCost = 1_000

// exact is up to where every integer is a float64 too.
const exact = 1 << 53

// compareNumbers orders two numbers by all their digits.
func (r *run) compareNumbers(a, b any) (int, bool) {
	i, aInt := integer(a)
	j, bInt := integer(b)
	if aInt && bInt {
		return cmp.Compare(i, j), true
	}
	f, aFloat := a.(float64)
	g, bFloat := b.(float64)
	if aInt && -exact < i && i < exact {
		f, aFloat = float64(i), true
	}
	if bInt && -exact < j && j < exact {
		g, bFloat = float64(j), true
	}
	if aFloat && bFloat {
		return cmp.Compare(f, g), f == f && g == g
	}
	r.charge(wholeCost)
	x, y := whole(a), whole(b)
	if x == nil || y == nil {
		return 0, false
	}
	return x.Cmp(y), true
}

// arithmetic makes an operator that gives nil when an operand is missing.
func (r *run) arithmetic(op func(a, b any) any) func(a, b any) any {
	return func(a, b any) any {
		if a == nil || b == nil {
			return nil
		}
		return op(r.plain(a), r.plain(b))
	}
}

func (r *run) negate(v any) any {
	if v == nil {
		return nil
	}
	return runtime.Negate(r.plain(v))
}

// addend is an item of a sum: what is missing counts 0.
func (r *run) addend(v any) any {
	if v == nil {
		return 0
	}
	return r.plain(v)
}

// key is what a list is grouped or sorted by.
func (r *run) key(v any) any {
	if s, ok := v.(string); ok {
		r.charge(len(s))
	}
	return r.plain(v)
}

// plain is a number as expr calculates with it: an int where it fits, else a
// float64. Other values stay.
func (r *run) plain(v any) any {
	switch v := v.(type) {
	case int64:
		return int(v)
	case uint64:
		if v > math.MaxInt64 {
			return float64(v)
		}
		return int(v)
	case *big.Int:
		r.charge(wholeCost)
		f, _ := v.Float64()
		return f
	case big.Int:
		return r.plain(&v)
	}
	return v
}

func divide(a, b any) any { return runtime.Divide(a, b) }

// modulo is expr's, which would die of a zero.
func modulo(a, b any) any {
	if i, ok := integer(b); ok && i == 0 {
		panic(&fault{"a division by zero", ""})
	}
	return runtime.Modulo(a, b)
}

func power(a, b any) any { return runtime.Exponent(a, b) }

// toInt is int(x) without silent overflow.
func toInt(r *run, args []any) (any, error) {
	switch v := r.plain(args[0]).(type) {
	case nil:
		return nil, nil
	case int:
		return v, nil
	case float64:
		if -1<<63 <= v && v < 1<<63 {
			return int(v), nil
		}
	case string:
		if i, err := strconv.Atoi(v); err == nil {
			return i, nil
		}
	case time.Duration:
		return int(v), nil
	}
	return nil, explain("int", args, errKind)
}
