package rules

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// The bounds of one expression.
const (
	maxText  = 16 << 10 // bytes; the parser recurses, so this bounds its stack
	maxNodes = 2000
)

// program is a compiled expression.
type program struct {
	source
	code  *vm.Program
	kind  reflect.Type // of its result; an interface when it is only known later
	reads reads
}

// compile parses an expression over env, checks it, makes it safe and bounded
// and compiles it.
func compile(s source, env any) (p *program, problem *Error) {
	defer func() { // expr's optimizer has panics of its own
		if r := recover(); r != nil {
			p, problem = nil, s.err("it can't be compiled", "write it in a simpler way")
		}
	}()
	if len(s.text) > maxText {
		return nil, s.err(fmt.Sprintf("it is longer than %d bytes", maxText), "split it into several rules")
	}
	c := conf.CreateNew()
	c.WithEnv(env)
	c.MaxNodes = maxNodes
	c.Disabled["now"] = true
	delete(c.Builtins, "now")

	tree, err := checker.ParseCheck(s.text, c)
	if err == nil {
		err = permitted(tree.Node, c)
	}
	if err != nil {
		return nil, s.explain(err, tree, c)
	}
	kind, reads := tree.Node.Type(), readsOf(tree.Node)
	if err := rewrite(tree, c); err != nil {
		return nil, s.explain(err, tree, c)
	}
	if err := optimizer.Optimize(&tree.Node, c); err != nil { //nolint:misspell // expr's spelling
		return nil, s.explain(err, tree, c)
	}
	code, err := compiler.Compile(tree, c)
	if err != nil {
		return nil, s.err("it can't be compiled", "write it in a simpler way")
	}
	return &program{source: s, code: code, kind: kind, reads: reads}, nil
}

// run evaluates a program and gives its result to use, which may fail too.
func (p *program) run(r *run, scope any, use func(any) error) error {
	return r.guard(p.source, func() error {
		v, err := r.machine.Run(p.code, scope)
		if err != nil {
			return err
		}
		return use(v)
	})
}

// explain turns an error of expr into ours, with a hint where there is one.
func (s source) explain(err error, tree *parser.Tree, c *conf.Config) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		return s.err(err.Error(), "")
	}
	var own *fault
	if errors.As(at.Prev, &own) {
		return s.errAt(at.Location, own.message, own.hint)
	}
	message, hint := at.Message, ""
	if name, known := unknownName(at, tree, c); name != "" {
		message, hint = "unknown name "+name, nearest(name, known)
		if name == "now" {
			hint = "a rule gives the same answer whenever it is asked: use received, when the event came in"
		}
	}
	return s.errAt(at.Location, plainWords.Replace(message), hint)
}

// plainWords takes Go's names out of expr's messages.
var plainWords = strings.NewReplacer("rules.", "", "interface {}", "any")

// unknownName finds out whether an error is about a name that isn't known,
// and which names are known at that place.
func unknownName(at *file.Error, tree *parser.Tree, c *conf.Config) (string, []string) {
	if name, ok := strings.CutPrefix(at.Message, "unknown name "); ok {
		if isCallee(tree.Node, at.Location) {
			return name, functionNames()
		}
		known := append(fieldNames(reflect.TypeOf(c.EnvObject)), "true", "false", "nil")
		return name, append(known, variables(tree.Node)...)
	}
	if !strings.Contains(at.Message, " has no field ") {
		return "", nil
	}
	var name string
	var known []string
	ast.Find(tree.Node, func(n ast.Node) bool {
		m, ok := n.(*ast.MemberNode)
		if !ok || m.Location() != at.Location {
			return false
		}
		if prop, ok := m.Property.(*ast.StringNode); ok && m.Node.Type().Kind() == reflect.Struct {
			name, known = prop.Value, fieldNames(m.Node.Type())
		}
		return true
	})
	return name, known
}

func isCallee(tree ast.Node, at file.Location) bool {
	return ast.Find(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallNode)
		return ok && call.Callee.Location() == at
	}) != nil
}

func variables(tree ast.Node) (names []string) {
	ast.Find(tree, func(n ast.Node) bool {
		if v, ok := n.(*ast.VariableDeclaratorNode); ok {
			names = append(names, v.Name)
		}
		return false
	})
	return names
}
