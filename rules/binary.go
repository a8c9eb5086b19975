package rules

import (
	"reflect"
	"regexp"
	"regexp/syntax"
	"time"

	"github.com/expr-lang/expr/ast"
)

// operators are expr's and what stands for them in run.
var operators = map[string]string{
	"==": "Equal", "!=": "Equal", "in": "Within", "matches": "Matches",
	"<": "Less", "<=": "LessOrEqual", ">": "More", ">=": "MoreOrEqual",
	"contains": "Contains", "startsWith": "StartsWith", "endsWith": "EndsWith",
	"+": "Add", "-": "Subtract", "*": "Multiply", "/": "Divide", "%": "Modulo",
	"**": "Power", "^": "Power", "..": "Range",
}

func (w *rewriter) binary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "&&", "||", "and", "or":
		w.truth(&n.Left)
		w.truth(&n.Right)
		return
	case "matches":
		n.Right = compiledPattern(n.Right.(*ast.StringNode))
	}
	name, ok := operators[n.Operator]
	if !ok || w.stays(n) {
		return
	}
	texts := isText(n.Left) && isText(n.Right)
	w.replace(node, name, n.Left, n.Right)
	switch {
	case n.Operator == "!=":
		not := &ast.UnaryNode{Operator: "!", Node: *node}
		not.SetType(reflect.TypeFor[bool]())
		ast.Patch(node, not)
	case n.Operator == "+" && texts:
		(*node).SetType(reflect.TypeFor[string]())
	}
}

// stays tells whether expr's own operator is safe, bounded and cheap.
func (w *rewriter) stays(n *ast.BinaryNode) bool {
	once := !w.looped[n]
	switch n.Operator {
	case "matches", "contains":
		return false
	case "in":
		return once && isText(n.Left) && isTexts(n.Right)
	case "..":
		return !w.open(n.Left) && !w.open(n.Right)
	case "+":
		return isScalar(n.Left) && isScalar(n.Right) && !isText(n.Left)
	case "==", "!=", "<", "<=", ">", ">=", "startsWith", "endsWith":
		return isScalar(n.Left) && isScalar(n.Right) && (once || !isText(n.Left))
	}
	return isScalar(n.Left) && isScalar(n.Right)
}

func isText(n ast.Node) bool { return n.Type().Kind() == reflect.String }

// isTexts: a list of literals, which expr makes a set of.
func isTexts(n ast.Node) bool {
	array, ok := n.(*ast.ArrayNode)
	if !ok {
		return false
	}
	for _, item := range array.Nodes {
		if _, ok := item.(*ast.StringNode); !ok {
			return false
		}
	}
	return true
}

func isScalar(n ast.Node) bool {
	switch n.Type() {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration]():
		return true
	}
	switch n.Type().Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Float64:
		return true
	}
	return false
}

func compiledPattern(n *ast.StringNode) ast.Node {
	re := regexp.MustCompile(n.Value) // expr's checker did it before
	insts := 0
	if parsed, err := syntax.Parse(n.Value, syntax.Perl); err == nil {
		if prog, err := syntax.Compile(parsed.Simplify()); err == nil {
			insts = len(prog.Inst)
		}
	}
	c := &ast.ConstantNode{Value: &pattern{re, 10 + 10*insts}}
	c.SetLocation(n.Location())
	c.SetType(reflect.TypeFor[*pattern]())
	return c
}
