package verify

import "testing"

// fixed is a verifier whose result is given; it counts its runs.
type fixed struct {
	result Result
	runs   int
}

func (f *fixed) Verify(*Request) Result { f.runs++; return f.result }

func TestCombinations(t *testing.T) {
	first, second := Result{OK: true, Secret: 1}, Result{OK: true, Secret: 2}
	wrong, stale, absent := refused(ReasonNoMatch), refused(ReasonTimestampOld), missing(ReasonTokenMissing)
	challenge, open := missing(ReasonCredentialsMissing), Result{OK: true, Secret: -1}
	for _, c := range []struct {
		name     string
		given    []Result
		any, all Result
	}{
		{"none", nil, refused(ReasonNoVerifier), refused(ReasonNoVerifier)},
		{"one", []Result{first}, first, first},
		{"both", []Result{first, second}, first, first},
		{"the second only", []Result{wrong, second}, second, wrong},
		{"the first only", []Result{first, stale}, first, stale},
		{"neither", []Result{stale, wrong}, stale, stale},
		{"one absent, one wrong", []Result{absent, wrong}, wrong, wrong},
		{"one wrong, one absent", []Result{stale, absent}, stale, stale},
		{"one right, one absent", []Result{second, challenge}, second, challenge},
		{"one absent, one right", []Result{challenge, second}, second, challenge},
		{"right, absent, wrong", []Result{first, challenge, wrong}, first, wrong},
		{"all absent", []Result{absent, challenge}, absent, absent},
		{"open and right", []Result{open, second}, open, second},
	} {
		t.Run(c.name, func(t *testing.T) {
			verifiers := make([]Verifier, len(c.given))
			for i, result := range c.given {
				verifiers[i] = &fixed{result: result}
			}
			if got := All(verifiers...).Verify(request("")); got != c.all {
				t.Errorf("all: got %+v, want %+v", got, c.all)
			}
			for i, v := range verifiers {
				if v.(*fixed).runs != 1 {
					t.Errorf("all didn't run verifier %d", i)
				}
			}
			if got := Any(verifiers...).Verify(request("")); got != c.any {
				t.Errorf("any: got %+v, want %+v", got, c.any)
			}
		})
	}
}

func TestUnsignedTakesEverythingWithoutASecret(t *testing.T) {
	if got, want := Unsigned().Verify(&Request{}), (Result{OK: true, Secret: -1}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

// A request without any header must not break a verifier.
func TestAnEmptyRequestIsMissingEverything(t *testing.T) {
	for name, v := range map[string]Verifier{
		"hmac":     must(t)(NewHMAC(HMAC{Header: "X-Sig", Compact: true}, []string{"a well kept secret"})),
		"standard": must(t)(NewStandardWebhooks([]string{standardSecret})),
		"token":    must(t)(NewToken(knolyxHeader, []string{"a-long-token"})),
		"url":      must(t)(NewURLToken([]string{"a-long-token"})),
		"basic":    must(t)(NewBasic([]Account{{"school", "a password"}})),
	} {
		if got := v.Verify(&Request{}); got.OK || !got.Missing || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
