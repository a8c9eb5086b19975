package rules

import (
	"reflect"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
)

// permitted tells what expr allows and the rule language doesn't, because its
// cost has no bound or its result depends on more than the event.
func permitted(tree ast.Node, c *conf.Config) error {
	v := &permit{conf: c}
	ast.Walk(&tree, v)
	if v.err == nil {
		return nil
	}
	return v.err
}

type permit struct {
	conf *conf.Config
	err  *file.Error
}

func (v *permit) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			v.refuse(n, "unknown name $env", "use the names themselves, such as type or data")
		}
	case *ast.BinaryNode:
		v.binary(n)
	case *ast.CallNode:
		v.call(n)
	}
}

func (v *permit) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			v.refuse(n, "a regular expression must stand in the rule itself", `write it as text: matches "^a"`)
		}
	case "in":
		if n.Right.Type().Kind() == reflect.Struct {
			v.refuse(n, "in doesn't work with an entity", "compare one of its fields with an empty text")
		}
	}
}

// call permits methods of times and durations, and no others.
func (v *permit) call(n *ast.CallNode) {
	m, ok := n.Callee.(*ast.MemberNode)
	if !ok {
		v.refuse(n, "this is not a function", "")
		return
	}
	on := m.Node.Type()
	for on.Kind() == reflect.Pointer {
		on = on.Elem()
	}
	name, _ := m.Property.(*ast.StringNode)
	if on.PkgPath() != reflect.TypeFor[time.Time]().PkgPath() || name == nil {
		v.refuse(n, "this is not a function", "only times and durations have methods")
	} else if name.Value == "Local" {
		v.refuse(n, "the machine's own time zone can't be used", `name a zone: In(timezone("Europe/Paris"))`)
	}
}

// refuse keeps the first refusal.
func (v *permit) refuse(n ast.Node, message, hint string) {
	if v.err == nil {
		v.err = &file.Error{Location: n.Location(), Message: message, Prev: &fault{message, hint}}
	}
}
