package rules

import (
	"fmt"
	"sync"

	"github.com/expr-lang/expr/vm"
	"github.com/expr-lang/expr/vm/runtime"
)

// The bounds of one evaluation. They count work, not time, so that the same
// event always gets the same verdict.
const (
	// budget is in steps of about a nanosecond on a slow core; a byte that
	// is read or allocated takes at least a fraction of one.
	budget = 20_000_000
	// nodeCost is for each node of an expression that is run in a loop.
	nodeCost = 60
	// maxItems is how many items an evaluation may put into lists and maps.
	maxItems = 300_000
	// maxDepth is how deep values that an expression builds may be nested.
	maxDepth = 2 * payloadDepth
)

// run is the state of one evaluation at a time: expr's machine, what is left
// of the budget, and the operators that replace expr's own. Those are fields
// that hold functions, bound once, because expr calls them without allocating.
type run struct {
	machine vm.VM
	left    int
	plus    func(a, b any) any // of numbers

	Step                                 func(int) bool
	Truth                                func(any) bool
	Equal, Within, Matches               func(any, any) bool
	Contains, StartsWith, EndsWith       func(any, any) bool
	Less, LessOrEqual, More, MoreOrEqual func(any, any) bool
	Add, Subtract, Multiply, Divide      func(any, any) any
	Modulo, Power, Range, Member         func(any, any) any
	Negate, Number, Key, Open, Paid      func(any) any
	Name                                 func(any) string
	List                                 func(any) []any
	Header                               func(any, any) string
	Slice, Call                          func(...any) any
}

var runs = sync.Pool{New: func() any { return newRun() }}

func newRun() *run {
	r := &run{machine: vm.VM{MemoryBudget: maxItems}}
	r.Step = func(cost int) bool { r.charge(cost); return true }
	r.Truth, r.Open, r.Paid, r.List, r.Header = truth, open, r.paid, r.list, r.header
	r.Equal, r.Within, r.Matches = r.equal, r.within, r.matches
	r.Contains, r.StartsWith, r.EndsWith = r.contains, r.startsWith, r.endsWith
	r.Less = r.ordered(func(c int) bool { return c < 0 })
	r.LessOrEqual = r.ordered(func(c int) bool { return c <= 0 })
	r.More = r.ordered(func(c int) bool { return c > 0 })
	r.MoreOrEqual = r.ordered(func(c int) bool { return c >= 0 })
	r.Add, r.plus = r.add, r.arithmetic(runtime.Add)
	r.Subtract, r.Multiply = r.arithmetic(runtime.Subtract), r.arithmetic(runtime.Multiply)
	r.Divide, r.Modulo = r.arithmetic(divide), r.arithmetic(modulo)
	r.Power = r.arithmetic(power)
	r.Range, r.Member, r.Slice = r.span, r.member, slice
	r.Name = r.name
	r.Negate, r.Number, r.Key = r.negate, r.addend, r.key
	r.Call = r.call
	return r
}

func start() *run {
	r := runs.Get().(*run)
	r.left = budget
	return r
}

// end gives a run back. expr's machine keeps what it grew to, so one that
// worked hard is left to the garbage collector.
func (r *run) end() {
	if r.left > budget*9/10 {
		runs.Put(r)
	}
}

// charge takes from the budget and ends the evaluation when it is used up.
func (r *run) charge(n int) {
	if n < 0 || n > r.left {
		r.left = 0
		panic(errBudget)
	}
	r.left -= n
}

// guard calls f with a fresh budget and turns whatever f dies of into an error.
func (r *run) guard(s source, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			err = s.failure(cause)
		}
	}()
	r.left = budget
	if err := f(); err != nil {
		return s.failure(err)
	}
	return nil
}
