package sender

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzDedupeKeys holds that two requests are the same event only where the
// facts say so. A key that two events share would lose the second.
func FuzzDedupeKeys(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add("a,b", "ab", string(x.request.Body), string(x.request.Body)+" ")
	}
	f.Add("a,", "a", `{"id":"1"}`, `{"id":1}`)
	f.Add("a,b,c", "a,bc", `{"id":"1","id":"2"}`, `{"id":"2"}`)
	f.Add("\x01a", "a", `{"id":"k"}`, `{"id":"k","type":"PING"}`)
	f.Add("id", "body", `{"type":"cron_midnight","schoolId":"1"}`, `{"type":"cron_midnight", "schoolId":"1"}`)
	f.Fuzz(func(t *testing.T, one, other, a, b string) {
		first, second := strings.Split(one, ","), strings.Split(other, ",")
		if (key("id", first...) == key("id", second...)) != slices.Equal(first, second) {
			t.Errorf("the parts %q and %q: %s, %s", first, second, key("id", first...), key("id", second...))
		}
		if key("body", first...) == bodyKey([]byte(a), second...) && !slices.Equal(first, append(second, a)) {
			t.Errorf("the parts %q have the key of the body %q and %q", first, a, second)
		}
		if a == b {
			return
		}
		for _, name := range []string{"edvisor", "edusign", "knolyx"} {
			s := sender(t, name, Options{})
			x, y := post("", a), post("", b)
			if same := s.Identify(&x).Key == s.Identify(&y).Key; same && !mayBeOne(name, a, b) {
				t.Errorf("%s: %q and %q are one event", name, a, b)
			}
		}
	})
}

// mayBeOne says, by encoding/json, whether two bodies that differ may be one
// event: Knolyx has ids, and Edusign's midnight comes once for a school.
func mayBeOne(name, a, b string) bool {
	x, y := decoded(a), decoded(b)
	switch name {
	case "knolyx":
		id := textOf(x["id"])
		return id != "" && id == textOf(y["id"])
	case "edusign":
		midnight := func(v map[string]any) bool {
			return strings.TrimSpace(textOf(v["type"])) == "cron_midnight" // as a type is read
		}
		return midnight(x) && midnight(y)
	}
	return false
}

func decoded(body string) map[string]any {
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
	d.UseNumber()
	var v map[string]any
	_ = d.Decode(&v)
	return v
}

// textOf is an id: 1 and "1" are one.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
