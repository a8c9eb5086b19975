package rules

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/parser"
)

// openUp makes the checker see what may be nil at run time though expr gives
// it a type: an item that isn't found, a function of what is missing. Such a
// result is passed through run's Open, whose type is any. Names that hold it
// become open by that, so this is repeated until nothing changes.
func (w *rewriter) openUp(tree *parser.Tree) error {
	o := &opener{rewriter: w, seen: map[ast.Node]bool{}, changed: true}
	for o.changed {
		o.changed = false
		ast.Walk(&tree.Node, o)
		if _, err := checker.Check(tree, w.conf); err != nil {
			return err
		}
	}
	return nil
}

type opener struct {
	*rewriter
	seen    map[ast.Node]bool
	changed bool
}

// Visit is called for the innermost nodes first.
func (o *opener) Visit(node *ast.Node) {
	if o.seen[*node] || o.open(*node) || !o.maybeNil(*node) {
		return
	}
	o.seen[*node], o.changed = true, true
	o.replace(node, "Open", *node)
}

func (o *opener) maybeNil(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.MemberNode:
		return n.Node.Type().Kind() == reflect.Slice || n.Node.Type() == reflect.TypeFor[map[any][]any]()
	case *ast.ConditionalNode:
		return n.Exp1.Nature().Nil || n.Exp2.Nature().Nil
	case *ast.BinaryNode: // expr takes the quotient of anything for a number
		return (n.Operator == "/" || n.Operator == "%" || n.Operator == "**" || n.Operator == "^") &&
			(o.open(n.Left) || o.open(n.Right))
	case *ast.BuiltinNode:
		return o.maybeNothing(n)
	}
	return false
}

func (o *opener) maybeNothing(n *ast.BuiltinNode) bool {
	switch n.Name {
	case "find", "findLast", "findIndex", "findLastIndex", "reduce", "first", "last", "get", "max", "min":
		return true
	case "len", "concat", "uniq", "toJSON":
		return false
	}
	if _, ok := loops[n.Name]; ok {
		return false
	}
	for _, arg := range n.Arguments {
		if o.open(arg) || arg.Nature().Nil {
			return true
		}
	}
	return false
}
