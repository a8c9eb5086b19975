package sender

import (
	"errors"
	"reflect"

	"github.com/go-playground/validator/v10"
)

// schema checks the payload structs by their validate tags. Fields are called
// as the sender calls them, by their field tag.
var schema = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("field") })
	return v
}()

// check returns why a payload is invalid, one sentence for each field. It asks
// only for what an event makes no sense without: a genuine event refused would
// be worse than a poor one passed on.
func check(payload any) []string {
	var faults validator.ValidationErrors
	if err := schema.Struct(payload); err == nil {
		return nil
	} else if !errors.As(err, &faults) {
		return []string{"the payload can't be checked"}
	}
	reasons := make([]string, len(faults))
	for i, f := range faults {
		reasons[i] = f.Field() + " is missing or empty"
	}
	return reasons
}

// invalid is the reason of a body that can't be read.
func invalid(err error) []string { return []string{err.Error()} }
