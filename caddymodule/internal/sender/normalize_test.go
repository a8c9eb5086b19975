package sender

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// normalize keeps a request and normalizes it.
func normalize(t *testing.T, name string, o Options, r event.Request) (event.Normalized, []string) {
	t.Helper()
	s := sender(t, name, o)
	_, ev := keep(s, r)
	return s.Normalize(ev)
}

func TestAnInvalidEventSaysWhyWithoutAValue(t *testing.T) {
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	for _, c := range []struct{ sender, body, reason string }{
		{"knolyx", ``, "the body is empty"},
		{"knolyx", `{"id":"SECRET"`, "the body is not JSON"},
		{"knolyx", `{"id":"SECRET"} {}`, "the body is not JSON"},
		{"knolyx", `["SECRET"]`, "the body is not a JSON object"},
		{"knolyx", "{\"id\":\"SECRET\xff\"}", "the body is not valid UTF-8"},
		{"knolyx", `{"id":"SECRET","type":"PING","x":` + deep + `}`, "the body nests deeper than 1000 levels"},
		{"knolyx", `{"id":"SECRET"}`, "type is missing or empty"},
		{"knolyx", `{"type":"SECRET"}`, "id is missing or empty"},
		{"knolyx", `{"ID":"SECRET","Type":"PING"}`, "id is missing or empty; type is missing or empty"},
		{"edvisor", `{"data":{"SECRET":1}}`, "type is missing or empty"},
		{"edvisor", `{"type":"SECRET"}`, "data is missing or empty"},
		{"edusign", `{"courseId":"SECRET"}`, "type is missing or empty"},
		{"edusign", ``, "the body is empty"},
		{"synap", `{}`, "the body is missing or empty"},
		{"softbook", `{}`, "the body is missing or empty"},
		{"custom", `SECRET`, "the body is not JSON"},
	} {
		n, reasons := normalize(t, c.sender, Options{}, post("", c.body))
		if got := strings.Join(reasons, "; "); got != c.reason {
			t.Errorf("%s %.40s: %q, not %q", c.sender, c.body, got, c.reason)
		}
		if !reflect.DeepEqual(n, event.Normalized{}) {
			t.Errorf("%s %.40s: an invalid event is normalized", c.sender, c.body)
		}
	}
}

func TestAGenuineEventIsNotRefusedForWhatItLacks(t *testing.T) {
	for _, c := range []struct {
		sender  string
		request event.Request
		want    string
	}{
		{"edvisor", post("", `{"type":"student:delete","data":{}}`), "student.deleted"},
		{"edvisor", post("", `{"type":"visa:create","data":{"object":{"visaId":1}}}`), "edvisor.visa_create"},
		{"edusign", post("", ``, edusignType, "cron_midnight"), "schedule.midnight"},
		{"edusign", post("", `{"type":"on_student_sign","student":"odd","course":[1]}`), "student.signed"},
		{"synap", post("foo.bar", `{"user":null}`), "synap.foo_bar"},
		{"synap", post("", `{"user":{"id":true}}`), "synap.unknown"},
		{"synap", post("/exam.started", "\xef\xbb\xbf {\"meta\":7}\n"), "exam.started"},
		{"knolyx", post("", `{"id":7,"type":"PING"}`), "ping"},
		{"knolyx", post("", `{"id":"7","type":"COURSE_STARTED","data":"x"}`), "course.started"},
		{"softbook", post("crm/NewOrder", `{"a":1}`), "order.created"},
		{"softbook", post("", `{"a":1}`), "softbook.unknown"},
		{"custom", post("", `"text"`), "custom.unknown"},
	} {
		n, reasons := normalize(t, c.sender, Options{}, c.request)
		if reasons != nil || n.Type != c.want {
			t.Errorf("%s %s: %q, %v", c.sender, c.request.Body, n.Type, reasons)
		}
	}
}

func TestATypeFromASendersNameIsShortAndPlain(t *testing.T) {
	for name, want := range map[string]string{
		"invoice.paid":           "custom.invoice_paid",
		"Ünï Code":               "custom._n__code",
		strings.Repeat("a", 200): "custom." + strings.Repeat("a", 93),
		strings.Repeat("a", 201): "custom.unknown",
		"line\nfeed":             "custom.unknown",
		"":                       "custom.unknown",
	} {
		o := Options{Extract: func(*event.Request) Extracted { return Extracted{Type: name} }}
		if n, _ := normalize(t, "custom", o, post("", "{}")); n.Type != want {
			t.Errorf("%q becomes %q, not %q", name, n.Type, want)
		}
	}
}

func TestAnInstallationKeepsNothingOfItsBody(t *testing.T) {
	body := `{"clientSecret":"SECRET","schoolId":"s1"}`
	for _, r := range []event.Request{
		post("", body, edusignType, "test-install-app"),
		post("", body, edusignType, "test-uninstall-app"),
		post("", `{"type":"test-install-app","clientSecret":"SECRET"}`),
		post("", `{"type":"on_course_created","clientSecret":"SECRET"}`, edusignType, "Test_Install_App"),
		post("", `{"clientSecret":"SECRET`, edusignType, "test-install-app"),
	} {
		s := sender(t, "edusign", Options{})
		id, ev := keep(s, r)
		if !id.Secret {
			t.Errorf("%s: the body would be kept", r.Body)
		}
		ev.Request.Body = r.Body // even if it had been
		n, reasons := s.Normalize(ev)
		if original := s.Original(ev); string(original) != "null" {
			t.Errorf("%s: of the body there is %s", r.Body, original)
		}
		if reasons != nil || !n.Notice || !strings.HasPrefix(n.Type, "edusign.test_") {
			t.Errorf("%s becomes %+v, %v", r.Body, n, reasons)
		}
	}
}

func TestOfTwoFieldsThatDifferInCaseTheRightOneIsRead(t *testing.T) {
	n, _ := normalize(t, "edusign", Options{}, post("", `{"type":"on_course_locked","Type":"on_course_start","course":{"id":"lower","ID":"upper"}}`))
	if n.Type != "course.locked" || n.Subject != "course/upper" {
		t.Errorf("got %s of %s", n.Type, n.Subject)
	}
}

func TestOfAFieldThatStandsTwiceTheLastCountsAndBothAreKept(t *testing.T) {
	body := `{"id":"1","type":"PING","type":"COURSE_STARTED"}`
	s := sender(t, "knolyx", Options{})
	_, ev := keep(s, post("", body))
	n, _ := s.Normalize(ev)
	if original := s.Original(ev); n.Type != "course.started" || string(original) != body {
		t.Errorf("got %s of %s", n.Type, original)
	}
}

func TestTheTimeIsTheSendersElseWhenItWasReceived(t *testing.T) {
	at := time.Date(2026, 11, 21, 2, 26, 59, 431_000_000, time.UTC)
	second := at.Truncate(time.Second)
	for value, want := range map[string]time.Time{
		`"2026-11-21T02:26:59.431Z"`:      at,
		`"2026-11-21T03:26:59.431+01:00"`: at,
		`"2026-11-21T03:26:59.431+0100"`:  at,
		`"2026-11-21T02:26:59.431"`:       at,
		`"2026-11-21 02:26:59"`:           second,
		`1795228019`:                      second,
		`1795228019.431`:                  at,
		`1795228019431`:                   at,
		`"1795228019431"`:                 at,
		`"2026-11-21"`:                    received,
		`"yesterday"`:                     received,
		`"9999-12-31T23:59:59-14:00"`:     received,
		`1e300`:                           received,
		`1e999`:                           received,
		`-5`:                              received,
		`0`:                               received,
		`"NaN"`:                           received,
		`null`:                            received,
		`{}`:                              received,
	} {
		n, reasons := normalize(t, "edvisor", Options{}, post("", `{"type":"student:update","created":`+value+`,"data":{}}`))
		if reasons != nil || !n.Time.Equal(want) {
			t.Errorf("%s is %s, not %s", value, n.Time, want)
		}
	}
}

func TestAnExtractedTimeMayBeAnyKindOfNumber(t *testing.T) {
	want := time.Date(2026, 11, 21, 2, 26, 59, 0, time.UTC)
	for _, v := range []any{int64(1795228019), float64(1795228019), 1795228019, uint64(1795228019000), "2026-11-21T02:26:59Z"} {
		o := Options{Extract: func(*event.Request) Extracted { return Extracted{Time: v} }}
		if n, _ := normalize(t, "custom", o, post("", "{}")); !n.Time.Equal(want) {
			t.Errorf("%T %v is %s", v, v, n.Time)
		}
	}
}

func TestOnlyAnUpdateWithBothSidesCarriesWhatChanged(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"student:update","data":{"object":{"studentId":1,"a":1,"b":[1]},"previousObject":{"studentId":1,"a":2,"b":[1],"c":0}}}`: "a c",
		`{"type":"student:update","data":{"after":{"studentId":1},"before":{"studentId":1}}}`:                                            "",
		`{"type":"student:update","data":{"after":{"studentId":1}}}`:                                                                     "none",
		`{"type":"student:create","data":{"object":{"studentId":1},"previousObject":{}}}`:                                                "none",
		`{"type":"student:delete","data":{"object":{"studentId":1},"previousObject":{"studentId":1}}}`:                                   "none",
		`{"type":"student:delete","data":{"previousObject":{"studentId":1}}}`:                                                            "none",
	} {
		n, reasons := normalize(t, "edvisor", Options{}, post("", body))
		got := "none"
		if n.Previous != nil {
			got = strings.Join(n.Changed, " ")
		}
		if got != want || reasons != nil || n.Subject != "student/1" {
			t.Errorf("%s: changed %q of %s, %v", body, got, n.Subject, reasons)
		}
	}
}
