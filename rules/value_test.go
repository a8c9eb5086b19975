package rules

import (
	"reflect"
	"strings"
	"testing"
)

func TestAnExtractGives(t *testing.T) {
	body, err := Decode([]byte(`{"id": 9007199254740993, "type": "paid", "created": 1763692020, "data": {"object": [1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	req := &Request{
		Body: body, Headers: Headers{"X-Event": "push", "Content-Type": "application/json"},
		Query: map[string]string{"token": "abc"}, Path: "exam.completed", Method: "POST",
	}
	for text, want := range map[string]any{
		`body.type`: "paid", `body.id`: int64(9007199254740993), `body.created`: int64(1763692020),
		`body.nope.at.any.depth`: nil, `body.data.object[0].x`: nil, `body.meta.eventName ?? path`: "exam.completed",
		`headers["x-event"]`: "push", `headers["nope"]`: "", `query.token`: "abc", `query.Token`: "", `query["nope"]`: "",
		`path`: "exam.completed", `method == "POST"`: true, `body.type + ":" + headers["x-event"]`: "paid:push",
		`last(split(path, "."))`: "completed", `type(body.id)`: "int", `body`: body,
	} {
		x, err := CompileExtract("event_id", text, Position{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := x.Eval(req); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, body := range []any{nil, "text", []any{}, int64(1)} {
		x, _ := CompileExtract("event_id", `body.data.id`, Position{})
		if got, err := x.Eval(&Request{Body: body}); got != nil || err != nil {
			t.Errorf("%v: %v, %v", body, got, err)
		}
	}
}

func TestAValueIsOneValue(t *testing.T) {
	for text, want := range map[string]string{
		`data.student`: "it gives an entity where one value is needed (name a field, such as an id)",
		`changed`:      "it gives a list where one value is needed",
		`headers`:      "it gives a map where one value is needed",
		`data.studnt`:  "did you mean student?",
		`body.id`:      "unknown name body",
		``:             "order_by: it is empty",
	} {
		_, err := CompileValue("order_by", text, Position{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := CompileExtract("event_id", `body.id + headrs["x"]`, Position{"Caddyfile", 4, 12}); err == nil ||
		!strings.HasPrefix(err.Error(), "Caddyfile:4:22: event_id: unknown name headrs (did you mean headers?)") {
		t.Errorf("%v", err)
	}
}
