package verify

type anyOf []Verifier

// Any returns a verifier that is OK when one of vs is, with that one's result;
// the first such ends the search, which only a holder of its secret can
// notice. Otherwise all have run; the reason is the first of those that were
// not merely missing, and Missing is set when all are. Any of none is never OK.
func Any(vs ...Verifier) Verifier { return anyOf(vs) }

// Verify implements Verifier.
func (vs anyOf) Verify(r *Request) Result {
	failure := refused(ReasonNoVerifier)
	for i, v := range vs {
		result := v.Verify(r)
		if result.OK {
			return result
		}
		if i == 0 || failure.Missing && !result.Missing {
			failure = result
		}
	}
	return failure
}

type allOf []Verifier

// All returns a verifier that is OK when each of vs is; Secret is that of the
// first that has one. It always runs all. Missing is set when each that isn't
// OK is missing: nothing that was sent is wrong, so asking for the rest makes
// sense. All of none is never OK.
func All(vs ...Verifier) Verifier { return allOf(vs) }

// Verify implements Verifier.
func (vs allOf) Verify(r *Request) Result {
	if len(vs) == 0 {
		return refused(ReasonNoVerifier)
	}
	all := Result{OK: true, Secret: -1}
	for _, v := range vs {
		result := v.Verify(r)
		switch {
		case !result.OK && (all.OK || all.Missing && !result.Missing):
			all = result
		case result.OK && all.OK && all.Secret < 0:
			all.Secret = result.Secret
		}
	}
	return all
}

type unsigned struct{}

// Unsigned returns a verifier that takes every request, for a source that says
// so in writing.
func Unsigned() Verifier { return unsigned{} }

// Verify implements Verifier.
func (unsigned) Verify(*Request) Result { return Result{OK: true, Secret: -1} }
