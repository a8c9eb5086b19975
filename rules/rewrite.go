package rules

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// rewrite puts our operators in place of expr's wherever expr's would fail for
// what is missing in an open value, or has a cost without bound. What is typed
// and costs little stays as it is: that is fast and allocates nothing.
func rewrite(tree *parser.Tree, c *conf.Config) error {
	w := &rewriter{conf: c, looped: map[ast.Node]bool{}, cost: map[ast.Node]int{}}
	if err := w.openUp(tree); err != nil {
		return err
	}
	ast.Walk(&tree.Node, loopFinder{w})
	ast.Walk(&tree.Node, w)
	_, err := checker.Check(tree, c)
	return err
}

type rewriter struct {
	conf   *conf.Config
	looped map[ast.Node]bool // nodes inside a predicate
	cost   map[ast.Node]int  // of running a predicate once
}

// loopFinder marks the nodes that run more than once.
type loopFinder struct{ *rewriter }

func (f loopFinder) Visit(node *ast.Node) {
	p, ok := (*node).(*ast.PredicateNode)
	if !ok {
		return
	}
	ast.Find(p.Node, func(n ast.Node) bool {
		f.looped[n] = true
		f.cost[p] += nodeCost
		return false
	})
}

// Visit is called for the innermost nodes first.
func (w *rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		w.member(node, n)
	case *ast.SliceNode:
		w.slice(node, n)
	case *ast.UnaryNode:
		w.unary(node, n)
	case *ast.BinaryNode:
		w.binary(node, n)
	case *ast.ConditionalNode:
		w.truth(&n.Cond)
	case *ast.PairNode:
		if _, ok := n.Key.(*ast.StringNode); !ok {
			w.replace(&n.Key, "Name", n.Key)
		}
	case *ast.BuiltinNode:
		if _, ok := loops[n.Name]; ok {
			w.loop(n)
		} else {
			w.function(node, n)
		}
	case *ast.CallNode:
		w.method(n)
	}
}

func (w *rewriter) member(node *ast.Node, n *ast.MemberNode) {
	switch t := n.Node.Type(); {
	case t == reflect.TypeFor[Headers](), t == reflect.TypeFor[map[string]string]():
		w.replace(node, "Header", n.Node, n.Property)
	case w.open(n.Node), t.Kind() == reflect.Map, t.Kind() == reflect.Slice:
		w.replace(node, "Member", n.Node, n.Property)
	}
}

func (w *rewriter) slice(node *ast.Node, n *ast.SliceNode) {
	if !w.open(n.Node) {
		return
	}
	from, to := n.From, n.To
	if from == nil {
		from = &ast.NilNode{}
	}
	if to == nil {
		to = &ast.NilNode{}
	}
	w.replace(node, "Slice", n.Node, from, to)
}

func (w *rewriter) unary(node *ast.Node, n *ast.UnaryNode) {
	switch n.Operator {
	case "!", "not":
		w.truth(&n.Node)
	case "-":
		if w.open(n.Node) {
			w.replace(node, "Negate", n.Node)
		}
	}
}

func (w *rewriter) loop(n *ast.BuiltinNode) {
	if w.open(n.Arguments[0]) {
		w.replace(&n.Arguments[0], "List", n.Arguments[0])
	}
	if len(n.Arguments) == 1 { // count(list), sum(list)
		item := &ast.PointerNode{}
		item.SetLocation(n.Location())
		p := &ast.PredicateNode{Node: item}
		p.SetLocation(n.Location())
		n.Arguments = append(n.Arguments, p)
		w.cost[p] = nodeCost
	}
	w.predicate(n.Name, n.Arguments[1].(*ast.PredicateNode))
}

// predicate makes a predicate give what its loop needs and pay for each step.
func (w *rewriter) predicate(loop string, p *ast.PredicateNode) {
	cost := w.cost[p]
	switch loops[loop] {
	case condition:
		w.truth(&p.Node)
	case amount:
		if w.open(p.Node) {
			w.replace(&p.Node, "Number", p.Node)
		}
	case order:
		w.replace(&p.Node, "Key", p.Node)
		cost += 25 * nodeCost // for the sorting
	}
	charge := &ast.IntegerNode{Value: cost}
	charge.SetType(reflect.TypeFor[int]())
	body := &ast.SequenceNode{Nodes: []ast.Node{w.operator("Step", charge), p.Node}}
	body.SetLocation(p.Location())
	body.SetNature(*p.Node.Nature())
	p.Node = body
}

// function has a function called through run, where it is paid for.
func (w *rewriter) function(node *ast.Node, n *ast.BuiltinNode) {
	if n.Name == "len" && !w.open(n.Arguments[0]) && !isText(n.Arguments[0]) {
		return
	}
	nature := *n.Nature()
	name := &ast.StringNode{Value: n.Name}
	name.SetType(reflect.TypeFor[string]())
	w.replace(node, "Call", append([]ast.Node{name}, n.Arguments...)...)
	(*node).SetNature(nature)
}

// method has the texts that a method of a time reads paid for.
func (w *rewriter) method(n *ast.CallNode) {
	for i, arg := range n.Arguments {
		if nature := *arg.Nature(); isText(arg) || w.open(arg) {
			w.replace(&n.Arguments[i], "Paid", arg)
			n.Arguments[i].SetNature(nature)
		}
	}
}

// truth makes an open value a condition.
func (w *rewriter) truth(node *ast.Node) {
	if w.open(*node) {
		w.replace(node, "Truth", *node)
	}
}

// open tells whether the kind of a value is only known at run time.
func (w *rewriter) open(n ast.Node) bool {
	return n.Nature().IsUnknown(&w.conf.NtCache)
}

// replace puts a call of a function of run in a node's place.
func (w *rewriter) replace(node *ast.Node, name string, args ...ast.Node) {
	ast.Patch(node, w.operator(name, args...))
}

// operator is a call of one of run's functions. It sets all types itself: the
// checker skips what stands below a typed call.
func (w *rewriter) operator(name string, args ...ast.Node) ast.Node {
	field, _ := reflect.TypeFor[run]().FieldByName(name)
	state := &ast.IdentifierNode{Value: "#run"}
	state.SetType(reflect.TypeFor[*run]())
	property := &ast.StringNode{Value: name}
	property.SetType(reflect.TypeFor[string]())
	callee := &ast.MemberNode{Node: state, Property: property}
	callee.SetType(field.Type)
	call := &ast.CallNode{Callee: callee, Arguments: args}
	call.SetType(field.Type.Out(0))
	return call
}
