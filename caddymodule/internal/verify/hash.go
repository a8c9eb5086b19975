package verify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"
)

// passwordHash is a password that is known by its hash only. matches is slow.
type passwordHash interface{ matches(password string) bool }

// slots bounds how many hashes the process computes at once to half of its
// CPUs, so that guessing leaves room for everything else.
var slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// hashed is a hash that remembers the password that matched last, as a MAC
// under a key of its own: a sender pays for the hash once. There is but one
// such password, so nothing an attacker sends can push it out.
//
// The others wait for a slot, and there may be as many of them as requests are
// let in. Turning some away instead would let guessing keep a genuine
// sender's first request out.
type hashed struct {
	hash  passwordHash
	slots chan struct{}
	key   [32]byte
	good  atomic.Pointer[digest]
}

func newHashed(h passwordHash) *hashed {
	c := &hashed{hash: h, slots: slots}
	_, _ = rand.Read(c.key[:]) // it never fails
	return c
}

func (h *hashed) matches(password string) bool {
	mac := hmac.New(sha256.New, h.key[:])
	_, _ = mac.Write([]byte(password))
	d := digest(mac.Sum(nil))
	if h.remembers(d) {
		return true
	}
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	if h.remembers(d) { // another request was faster
		return true
	}
	if !h.hash.matches(password) {
		return false
	}
	h.good.Store(&d)
	return true
}

func (h *hashed) remembers(d digest) bool {
	good := h.good.Load()
	return good != nil && good.equal(d)
}

// hashLike is what begins as a hash of any kind does ($1$, $apr1$, $6$, ...).
var hashLike = regexp.MustCompile(`^\$[0-9a-z-]+\$`)

// parseHash returns the hash that a configured password is, nil for a plain
// password, and an error for a hash that is broken, of another kind, or too
// costly to compute for every guess.
func parseHash(s string) (passwordHash, error) {
	switch kind := hashLike.FindString(s); kind {
	case "":
		return nil, nil
	case "$2a$", "$2b$", "$2y$":
		return parseBcrypt(s)
	case "$argon2id$":
		return parseArgon2id(s)
	}
	return nil, errors.New("looks like a hash of a kind that isn't supported: use bcrypt or argon2id")
}

const (
	// maxBcryptCost takes about two seconds; each one more doubles it.
	maxBcryptCost = 15
	// maxBcryptPassword is what bcrypt looks at, in bytes.
	maxBcryptPassword = 72
)

// bcryptForm is "$2b$", cost, "$", 22 characters of salt and 31 of hash.
var bcryptForm = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

type bcryptHash string

func parseBcrypt(s string) (passwordHash, error) {
	cost, err := bcrypt.Cost([]byte(s))
	switch {
	case err != nil || !bcryptForm.MatchString(s):
		return nil, errors.New("is no complete bcrypt hash: check that none of it was lost, such as a $ to a shell")
	case cost > maxBcryptCost:
		return nil, fmt.Errorf("is a bcrypt hash of cost %d, which takes too long: use at most %d", cost, maxBcryptCost)
	}
	return bcryptHash(s), nil
}

// matches refuses a password that bcrypt would cut off.
func (b bcryptHash) matches(password string) bool {
	return len(password) <= maxBcryptPassword &&
		bcrypt.CompareHashAndPassword([]byte(b), []byte(password)) == nil
}
