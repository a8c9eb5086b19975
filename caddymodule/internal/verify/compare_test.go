package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretsAreComparedInConstantTimeOnly reads the package's own source: what a
// comparison tells by the time it takes drowns in the noise of most machines, so
// no measurement finds it.
func TestSecretsAreComparedInConstantTimeOnly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && (converts(n.X) || converts(n.Y)) {
					t.Errorf("%s: bytes are compared with %s; use crypto/subtle or hmac.Equal", set.Position(n.Pos()), n.Op)
				}
			case *ast.CallExpr:
				switch called(n) {
				case "hmac.Equal", "subtle.ConstantTimeCompare":
					constant++
				case "bytes.Equal", "bytes.Compare", "slices.Equal", "slices.Compare", "reflect.DeepEqual", "bytes.HasPrefix":
					t.Errorf("%s: %s stops at the first difference; use crypto/subtle or hmac.Equal", set.Position(n.Pos()), called(n))
				}
			}
			return true
		})
	}
	if constant == 0 {
		t.Error("nothing is compared in constant time")
	}
}

// converts tells a value that was made a string to be compared, or a hash.
func converts(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	return ok && (called(call) == "string" || called(call) == "digestOf" || strings.HasPrefix(called(call), "sha256.Sum"))
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}
