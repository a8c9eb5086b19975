package sender

import (
	"testing"
)

const form = "application/x-www-form-urlencoded"

func TestASourceMayPlaceSoftbooksFields(t *testing.T) {
	o := Options{
		Trigger: "body.meta.what",
		Fields:  map[string]string{"order_id": "body.items.1.no", "amount": "body.sum", "student_email": "body.who.mail"},
	}
	n, reasons := normalize(t, "softbook", o, post("ignored",
		`{"meta":{"what":"NEW-ORDER"},"order_id":"guess","items":[{"no":1},{"no":9007199254740993}],"sum":"1000.50","who":{"mail":"a@example.org"}}`))
	if reasons != nil || n.Type != "order.created" || n.Subject != "order/9007199254740993" {
		t.Errorf("got %s of %s, %v", n.Type, n.Subject, reasons)
	}
	if n.Data.Payment.Amount != "1000.50" || n.Data.Student.Email != "a@example.org" {
		t.Errorf("got %+v %+v", n.Data.Payment, n.Data.Student)
	}
}

func TestWithoutATriggerInTheBodyThePathNamesTheEvent(t *testing.T) {
	for _, o := range []Options{{}, {Trigger: "body.nowhere.0"}, {Fields: map[string]string{"trigger": "body.a.b"}}} {
		if n, _ := normalize(t, "softbook", o, post("sales/Lead Won", `{"a":[1]}`)); n.Type != "softbook.lead_won" {
			t.Errorf("%+v: got %s", o, n.Type)
		}
	}
}

func TestAnAmountIsKeptAsWrittenOrLeftOut(t *testing.T) {
	for value, want := range map[string]string{
		`1000.50`:                "1000.50",
		`"1000.50"`:              "1000.50",
		`12345678901234567890.1`: "12345678901234567890.1",
		`-5`:                     "-5",
		`"1.000,50"`:             "",
		`"€5"`:                   "",
		`1e3`:                    "",
		`true`:                   "",
	} {
		n, _ := normalize(t, "softbook", Options{}, post("", `{"currency":"EUR","amount":`+value+`}`))
		if n.Data.Payment == nil || n.Data.Payment.Amount != want {
			t.Errorf("%s: got %+v", value, n.Data.Payment)
		}
	}
}

func TestAFormIsReadLikeJSON(t *testing.T) {
	for _, c := range []struct{ contentType, body, original, reason string }{
		{form, "b=2&a=%3C%26&b=3", `{"a":"<&","b":["2","3"]}`, ""},
		{form + "; charset=UTF-8", "\xef\xbb\xbfa=1", `{"a":"1"}`, ""},
		{form, ` {"a": 1.0}`, `{"a":1.0}`, ""},
		{form, "a=%zz", "null", "the body is not a URL-encoded form"},
		{form, "a=%ff", "null", "the body is not valid UTF-8"},
		{form, "", "null", "the body is empty"},
		{form, "&", "{}", "the body is missing or empty"},
		{"text/plain", "a=1", "null", "the body is not JSON"},
		{"multipart/form-data; boundary=x", "--x", "null", "the body is not JSON"},
	} {
		s := sender(t, "softbook", Options{})
		_, ev := keep(s, post("", c.body, "Content-Type", c.contentType))
		if original := s.Original(ev); string(original) != c.original {
			t.Errorf("%s %q: original is %s", c.contentType, c.body, original)
		}
		_, reasons := s.Normalize(ev)
		if got := append(reasons, "")[0]; got != c.reason {
			t.Errorf("%s %q: reason is %q", c.contentType, c.body, got)
		}
	}
}
