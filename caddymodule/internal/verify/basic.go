package verify

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// Account is one that may send by basic auth.
type Account struct {
	User string
	// Password is plain, or a bcrypt ($2a$, $2b$, $2y$) or argon2id hash
	// ($argon2id$v=19$m=...,t=...,p=...$salt$hash).
	Password string
}

type account struct {
	user  digest
	plain digest
	hash  *hashed // nil for a plain password
}

type basic []account

// NewBasic returns a verifier of basic auth (RFC 7617) by any of the accounts.
// A user may have several, while a password is changed.
//
// A plain password is compared in constant time. A hash is only computed for
// its own user: to do so for unknown ones would let anybody spend our CPU, so
// the time of an answer may tell that a user exists. A user's name is no
// secret here, and a plain password gives nothing away.
func NewBasic(accounts []Account) (Verifier, error) {
	if len(accounts) == 0 {
		return nil, errors.New("basic auth: no account is given: without one anybody could send; give at least one")
	}
	b := make(basic, len(accounts))
	for i, a := range accounts {
		var err error
		if b[i], err = newAccount(a); err != nil {
			return nil, fmt.Errorf("basic auth: account %d: %w", i+1, err)
		}
	}
	return b, nil
}

func newAccount(a Account) (account, error) {
	switch {
	case strings.TrimSpace(a.User) == "":
		return account{}, errors.New("the user is empty: check where its value comes from")
	case strings.Contains(a.User, ":"):
		return account{}, errors.New("the user holds a colon, which ends a user in basic auth: choose another")
	case hasControl(a.User) || hasControl(a.Password):
		return account{}, errors.New("user or password holds a control character: remove it")
	}
	if err := checkSecret(a.Password); err != nil {
		return account{}, fmt.Errorf("the password %w", err)
	}
	hash, err := parseHash(a.Password)
	switch {
	case err != nil:
		return account{}, fmt.Errorf("the password %w", err)
	case hash == nil:
		return account{user: digestOf(a.User), plain: digestOf(a.Password)}, nil
	}
	return account{user: digestOf(a.User), hash: shared.hashed(a.Password, hash)}, nil
}

// hasControl tells of the characters that RFC 7617 forbids. In bcrypt a NUL
// would make a second password that passes: the password, NUL, and the
// password again.
func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// Verify implements Verifier.
func (b basic) Verify(r *Request) Result {
	user, password, result := credentials(r.Header)
	if result.Reason != "" {
		return result
	}
	u, p := digestOf(user), digestOf(password)
	secret := -1
	for i := range b {
		if b[i].plainly(u, p) && secret < 0 {
			secret = i
		}
	}
	for i := 0; i < len(b) && secret < 0; i++ {
		if b[i].hash != nil && b[i].user.equal(u) && b[i].hash.matches(password) {
			secret = i
		}
	}
	return matched(secret)
}

// plainly compares user and password, both whatever the other's outcome. It
// does so for a hashed account too, and then finds nothing.
func (a *account) plainly(user, password digest) bool {
	known, right := a.user.equal(user), a.plain.equal(password)
	return known && right && a.hash == nil
}

// credentials reads the Authorization header. Another scheme's is no
// credential for this one. In the result only a failure matters.
func credentials(h http.Header) (user, password string, failure Result) {
	found := lines(h, "Authorization")
	switch {
	case len(found) == 0:
		return "", "", missing(ReasonCredentialsMissing)
	case len(found) > 1:
		return "", "", refused(ReasonCredentialsTwice)
	case len(found[0]) > maxHeader:
		return "", "", refused(ReasonCredentialsTooLong)
	}
	if scheme, _, _ := strings.Cut(found[0], " "); !strings.EqualFold(scheme, "Basic") {
		return "", "", missing(ReasonCredentialsMissing)
	}
	r := http.Request{Header: http.Header{"Authorization": found}}
	user, password, ok := r.BasicAuth()
	if !ok || hasControl(user) || hasControl(password) {
		return "", "", refused(ReasonCredentialsMalformed)
	}
	return user, password, Result{}
}
