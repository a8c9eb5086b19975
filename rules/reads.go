package rules

import (
	"bytes"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// Part is what expressions read of a name of their scope, such as original or
// headers: nothing, which is the zero value; some members by their names; or
// all of it. It saves the work of providing what nobody reads.
type Part struct {
	all     bool
	members []string
}

// Any tells whether anything is read.
func (p Part) Any() bool { return p.all || len(p.members) > 0 }

// And is what either of two parts holds.
func (p Part) And(q Part) Part {
	switch {
	case p.all || !q.Any():
		return p
	case q.all || !p.Any():
		return q
	}
	return Part{members: slices.Concat(p.members, q.members)}
}

// Decode is like the function Decode, but leaves out the members that aren't
// read of an outermost object, unless b may be nested too deeply. Where nothing
// is read it gives nil without looking at b.
func (p Part) Decode(b []byte) (any, error) {
	switch {
	case !p.Any():
		return nil, nil
	case p.all || brackets(b) > payloadDepth:
		return decode(b, nil)
	}
	return decode(b, p.members)
}

// brackets counts those that open. What is left out is checked by a parser
// that allows deeper nesting than Decode does; a few brackets can't be deep.
func brackets(b []byte) int {
	return bytes.Count(b, []byte("{")) + bytes.Count(b, []byte("["))
}

// reads are the names that an expression reads of its scope.
type reads map[string]Part

// and adds what another expression reads.
func (r reads) and(other reads) {
	for name, part := range other {
		r[name] = r[name].And(part)
	}
}

// readsOf finds them in a parsed expression. A name that is used in any other
// way than name.member is read as a whole.
func readsOf(tree ast.Node) reads {
	v := &reader{uses: map[string]int{}, members: map[string][]string{}}
	ast.Walk(&tree, v)
	found := reads{}
	for name, n := range v.uses {
		found[name] = Part{all: n > len(v.members[name]), members: v.members[name]}
	}
	return found
}

type reader struct {
	uses    map[string]int
	members map[string][]string
}

// Visit counts the uses of each name, and lists those with a member.
func (v *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		v.uses[n.Value]++
	case *ast.MemberNode:
		name, ok := n.Node.(*ast.IdentifierNode)
		member, constant := n.Property.(*ast.StringNode)
		if ok && constant {
			v.members[name.Value] = append(v.members[name.Value], member.Value)
		}
	}
}
