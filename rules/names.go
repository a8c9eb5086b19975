package rules

import (
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// loops are the functions that take a predicate, and what it gives.
var loops = map[string]outcome{
	"all": condition, "none": condition, "any": condition, "one": condition,
	"filter": condition, "find": condition, "findIndex": condition,
	"findLast": condition, "findLastIndex": condition, "count": condition,
	"map": anything, "reduce": anything, "sum": amount, "groupBy": order, "sortBy": order,
}

type outcome int

const (
	anything outcome = iota
	condition
	amount
	order
)

func functionNames() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	for name := range loops {
		names = append(names, name)
	}
	return names
}

// fieldNames are the names that an expression knows of a struct.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("expr"); name != "" && name != "-" && !strings.HasPrefix(name, "#") {
			names = append(names, name)
		}
	}
	return names
}

// nearest suggests the known name that differs least, if one is near.
func nearest(name string, known []string) string {
	best, least := "", 1+max(2, len(name)/3)
	least = min(least, len(name))
	slices.Sort(known)
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}
