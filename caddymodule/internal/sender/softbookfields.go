package sender

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// softbookFields are the fields a source may place with `field`, and where
// they are looked for otherwise, the first that holds something. The names are
// guesses from how such payloads are commonly written.
//
// student_phone and product_type have no entity to stand in: they are known so
// that a configuration may name all that Softbook sends, and are in original.
var softbookFields = []struct {
	name    string
	guesses []string
}{
	{"trigger", []string{"body.trigger", "body.trigger_name", "body.triggerName", "body.event", "body.event_name"}},
	{"order_id", []string{"body.order_id", "body.orderId", "body.order.id"}},
	{"status", []string{"body.status", "body.order_status", "body.orderStatus", "body.order.status"}},
	{"created", []string{"body.created", "body.created_at", "body.createdAt", "body.order_date", "body.order_created_at",
		"body.order.created", "body.order.created_at", "body.order.createdAt"}},
	{"student_id", []string{"body.student_id", "body.customer_id", "body.client_id", "body.user_id",
		"body.student.id", "body.customer.id", "body.client.id", "body.user.id"}},
	{"student_name", []string{"body.student_name", "body.customer_name", "body.client_name", "body.name",
		"body.student.name", "body.customer.name", "body.client.name", "body.user.name"}},
	{"student_email", []string{"body.student_email", "body.customer_email", "body.client_email", "body.email",
		"body.student.email", "body.customer.email", "body.client.email", "body.user.email"}},
	{"student_phone", []string{"body.student_phone", "body.customer_phone", "body.client_phone", "body.phone",
		"body.student.phone", "body.customer.phone", "body.client.phone", "body.user.phone"}},
	{"amount", []string{"body.amount", "body.total", "body.price", "body.order.amount", "body.order.total", "body.payment.amount"}},
	{"currency", []string{"body.currency", "body.order.currency", "body.payment.currency"}},
	{"payment_system", []string{"body.payment_system", "body.paymentSystem", "body.payment_method", "body.payment.system", "body.payment.method"}},
	{"product_id", []string{"body.product_id", "body.productId", "body.product.id", "body.products.0.id"}},
	{"product_name", []string{"body.product_name", "body.productName", "body.product.name", "body.products.0.name"}},
	{"product_type", []string{"body.product_type", "body.productType", "body.product.type", "body.products.0.type"}},
	{"school_id", []string{"body.school_id", "body.schoolId", "body.school.id"}},
}

// fieldPaths tells where each field is looked for, in order.
type fieldPaths map[string][][]string

// softbookPaths takes a source's own places for the guesses they replace.
func softbookPaths(o Options) (fieldPaths, error) {
	own := maps.Clone(o.Fields)
	if o.Trigger != "" {
		if own == nil {
			own = map[string]string{}
		}
		if _, twice := own["trigger"]; twice {
			return nil, fmt.Errorf("the trigger is configured twice: use either trigger or field trigger")
		}
		own["trigger"] = o.Trigger
	}
	paths, names := fieldPaths{}, []string{}
	for _, f := range softbookFields {
		names = append(names, f.name)
		places := f.guesses
		if place, ok := own[f.name]; ok {
			places = []string{place}
		}
		for _, place := range places {
			path, err := bodyPath(place)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", f.name, err)
			}
			paths[f.name] = append(paths[f.name], path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("unknown field %q: did you mean %s? the fields are %s",
				name, nearest(name, names), strings.Join(names, ", "))
		}
	}
	return paths, nil
}

// bodyPath splits a path such as "body.order.id" and drops the "body".
func bodyPath(place string) ([]string, error) {
	path := strings.Split(place, ".")
	if len(path) < 2 || path[0] != "body" || slices.Contains(path, "") {
		return nil, fmt.Errorf(`%q is no path into the body: write it as "body.order.id"`, place)
	}
	return path[1:], nil
}

// find returns the first value that isn't empty, else nil.
func (p fieldPaths) find(field string, body object) any {
	for _, path := range p[field] {
		if v := walk(map[string]any(body), path); text(v) != "" {
			return v
		}
	}
	return nil
}

// walk follows names through objects and numbers through lists.
func walk(v any, path []string) any {
	for _, step := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}
