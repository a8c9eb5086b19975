package sample

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

var at = time.Date(2026, 11, 21, 2, 27, 0, 123_000_000, time.UTC)

// everyEvent calls f with each event of each sender's vocabulary.
func everyEvent(t *testing.T, f func(t *testing.T, s sender.Sender, w sender.Word)) {
	t.Helper()
	for _, name := range sender.Names() {
		s, err := sender.New(name, sender.Options{})
		if err != nil {
			t.Fatal(err)
		}
		words := s.Vocabulary()
		if len(words) == 0 {
			words = []sender.Word{{Sends: "charge.refunded", Becomes: "custom.charge_refunded"}}
		}
		for _, w := range words {
			t.Run(name+" "+w.Sends, func(t *testing.T) { f(t, s, w) })
		}
	}
}

func (r *Request) received() *event.Request {
	return &event.Request{Method: r.Method, Path: r.Path, Header: r.Header, Body: r.Body, Received: at}
}

func TestTheSameSeedIsTheSameRequest(t *testing.T) {
	everyEvent(t, func(t *testing.T, s sender.Sender, w sender.Word) {
		for seed := range uint32(4) {
			one, two := Make(s, w.Sends, seed, at), Make(s, w.Sends, seed, at)
			if fmt.Sprint(one) != fmt.Sprint(two) {
				t.Errorf("seed %d: %v and %v", seed, one, two)
			}
		}
	})
}

func TestTwoSeedsAreNeverDuplicates(t *testing.T) {
	everyEvent(t, func(t *testing.T, s sender.Sender, w sender.Word) {
		seen := map[string]uint32{}
		for seed := range uint32(300) {
			key := s.Identify(Make(s, w.Sends, seed, at).received()).Key
			if other, ok := seen[key]; ok {
				t.Fatalf("the seeds %d and %d have one dedupe key", other, seed)
			}
			seen[key] = seed
		}
	})
}

func TestNoTwoSeedsHaveOneSerial(t *testing.T) {
	for seed := uint64(0); seed < 1<<32; seed += 4099 {
		// Undone step by step, which works only if scatter is one to one.
		n := scatter(uint32(seed))
		n ^= n >> 16
		n *= 0x43021123
		n ^= n>>15 ^ n>>30
		n *= 0x1d69e2a5
		n ^= n >> 16
		if n ^= 0x9e3779b9; n != uint32(seed) {
			t.Fatalf("%d comes back as %d", seed, n)
		}
	}
}

func TestEveryEventIsValidAndHasASubject(t *testing.T) {
	without := "schedule session settings ping campus start_date invite"
	everyEvent(t, func(t *testing.T, s sender.Sender, w sender.Word) {
		for seed := range uint32(4) {
			r := Make(s, w.Sends, seed, at)
			id := s.Identify(r.received())
			ev := &event.Event{ID: id.ID, SenderType: id.SenderType, Time: id.Time, Request: *r.received()}
			n, reasons := s.Normalize(ev)
			if reasons != nil {
				t.Fatalf("invalid: %v: %s", reasons, r.Body)
			}
			if s.Name() == "custom" {
				continue // its expressions are its source's
			}
			if n.Type != w.Becomes {
				t.Errorf("became %s, not %s", n.Type, w.Becomes)
			}
			kind, change, _ := strings.Cut(n.Type, ".")
			if n.Subject == "" && !strings.Contains(without, kind) {
				t.Errorf("no subject: %s", r.Body)
			}
			if change == "updated" && (s.Name() == "edvisor" || s.Name() == "synap") && len(n.Changed) != 1 {
				t.Errorf("changed: %v", n.Changed)
			}
		}
	})
}

func TestAnEventIsFoundByEitherOfItsNames(t *testing.T) {
	for _, c := range []struct{ sender, meant, event, wrong string }{
		{"knolyx", "COURSE_COMPLETED", "COURSE_COMPLETED", ""},
		{"knolyx", "course_completed", "COURSE_COMPLETED", ""},
		{"knolyx", "course.started", "COURSE_STARTED", ""},
		{"softbook", "new_order", "New Order", ""},
		{"synap", "student.updated", "user.updated", ""},
		{"custom", "anything", "anything", ""},
		{"knolyx", "payment.received", "", "say which: COURSE_PAYMENT_RECEIVED, BUNDLE_PAYMENT_RECEIVED"},
		{"knolyx", "COURSE_COMPLETE", "", "did you mean COURSE_COMPLETED?"},
	} {
		s, err := sender.New(c.sender, sender.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Event(s, c.meant)
		if got != c.event || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s %s: %q, %v", c.sender, c.meant, got, err)
		}
	}
}

func TestTheURLHasPathAndTokenOnce(t *testing.T) {
	for _, c := range []struct{ sender, event, source, token, want string }{
		{"synap", "exam.completed", "http://h/synap", "", "http://h/synap/exam.completed"},
		{"synap", "exam.completed", "http://h/synap/", "", "http://h/synap/exam.completed"},
		{"synap", "exam.completed", "http://h/synap/exam.completed", "", "http://h/synap/exam.completed"},
		{"softbook", "New Order", "https://h/s", "a/b", "https://h/s/new_order/a%2Fb"},
		{"edvisor", "quote:create", "http://h/e", "tok", "http://h/e/tok"},
		{"edusign", "on_student_sign", "http://h/e", "t&k", "http://h/e?token=t%26k"},
	} {
		s, err := sender.New(c.sender, sender.Options{})
		if err != nil {
			t.Fatal(err)
		}
		req, err := Make(s, c.event, 1, at).To(c.source, Proof{URLToken: c.token}, at)
		if err != nil || req.URL.String() != c.want {
			t.Errorf("%v, %v, not %s", req, err, c.want)
		}
	}
	if _, err := (&Request{Method: "POST"}).To("canary:/x", Proof{}, at); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a URL without a host: %v", err)
	}
}

// A shell must make of the command what would be sent, and a secret that came
// from the environment must not stand in it.
func TestACurlCommandSendsTheSameAndHidesSecrets(t *testing.T) {
	s, err := sender.New("custom", sender.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := Make(s, "it's", 6, at)
	const token = "se'cret"
	req, err := r.To("http://h/x", Proof{Token: token, TokenHeader: "X-Token", User: "school", Password: "pass word"}, at)
	if err != nil {
		t.Fatal(err)
	}
	command := Curl(req, r.Body, map[string]string{token: "TOKEN", "pass word": "PASSWORD"})
	if strings.Contains(command, "cret") || strings.Contains(command, "pass word") {
		t.Errorf("a secret stands in %s", command)
	}
	shell := exec.Command("sh", "-c", "curl() { printf '%s\\n' \"$@\"; }\n"+command)
	shell.Env = []string{"TOKEN=" + token, "PASSWORD=pass word"}
	out, err := shell.CombinedOutput()
	want := strings.Join([]string{"-X", "POST", "http://h/x", "-u", "school:pass word", "-H", "Content-Type: application/json",
		"-H", "X-Token: " + token, "--data-binary", string(r.Body), ""}, "\n")
	if err != nil || string(out) != want {
		t.Errorf("%v: the shell made\n%s\nof\n%s", err, out, command)
	}
}

// Tokens as `openssl rand -base64` makes them have to be escaped in a URL.
func TestACurlCommandHidesAURLTokenThatIsEscaped(t *testing.T) {
	const token = "q8Zc+0/aB1xY="
	for name, want := range map[string]string{
		"edvisor": "curl -X POST --variable %TOKEN --expand-url 'http://h/x/{{TOKEN:url}}' ",
		"edusign": "curl -X POST --variable %TOKEN --expand-url 'http://h/x?token={{TOKEN:url}}' ",
	} {
		s, err := sender.New(name, sender.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := Make(s, s.Vocabulary()[0].Sends, 1, at)
		req, err := r.To("http://h/x", Proof{URLToken: token}, at)
		if err != nil {
			t.Fatal(err)
		}
		if command := Curl(req, r.Body, map[string]string{token: "TOKEN"}); !strings.HasPrefix(command, want) {
			t.Errorf("%s: got %s", name, command)
		}
	}
}

func TestStandardWebhooksOfASampleVerify(t *testing.T) {
	s, err := sender.New("custom", sender.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "whsec_dHJ5LXN0YW5kYXJkLXdlYmhvb2tzLXNlY3JldA=="
	r := Make(s, "loan.overdue", 7, at)
	req, err := r.To("http://h/x", Proof{Secret: secret, Standard: true}, at)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.NewStandardWebhooks([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	if res := v.Verify(&verify.Request{Header: req.Header, Body: r.Body, Now: at}); !res.OK {
		t.Error(res.Reason)
	}
	_, err = r.To("http://h/x", Proof{Secret: "canary", Standard: true}, at)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret without its prefix: %v", err)
	}
}
