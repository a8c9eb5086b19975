package verify

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/crypto/argon2"
)

// Bounds of an argon2id hash, so that one guess costs neither the machine's
// memory nor seconds. OWASP and RFC 9106 advise values well within them.
const (
	maxArgonMemory  = 256 << 10 // KiB
	maxArgonTime    = 10
	maxArgonThreads = 16
	minArgonSalt    = 8 // bytes: RFC 9106, 3.1
	minArgonHash    = 16
	maxArgonBytes   = 64
)

// argonForm is the PHC string of version 1.3, with its parameters in order.
var argonForm = regexp.MustCompile(
	`^\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,9})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$`)

type argon2idHash struct {
	memory, time uint32
	threads      uint8
	salt, hash   []byte
}

func parseArgon2id(s string) (passwordHash, error) {
	parts := argonForm.FindStringSubmatch(s)
	if parts == nil {
		return nil, errors.New("is no argon2id hash of the form $argon2id$v=19$m=...,t=...,p=...$salt$hash")
	}
	var n [3]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(parts[i+1], 10, 64) // ten digits fit
	}
	memory, time, threads := n[0], n[1], n[2]
	switch {
	case memory > maxArgonMemory || time > maxArgonTime || threads > maxArgonThreads:
		return nil, fmt.Errorf("is an argon2id hash that costs too much to compute: use at most m=%d, t=%d, p=%d",
			maxArgonMemory, maxArgonTime, maxArgonThreads)
	case memory < 8*threads:
		return nil, errors.New("is an argon2id hash with m below 8 times p, which argon2 doesn't allow")
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errSum != nil || len(salt) < minArgonSalt || len(salt) > maxArgonBytes ||
		len(sum) < minArgonHash || len(sum) > maxArgonBytes {
		return nil, fmt.Errorf("is an argon2id hash whose salt is not of %d to %d bytes or whose hash is not of %d to %d",
			minArgonSalt, maxArgonBytes, minArgonHash, maxArgonBytes)
	}
	return &argon2idHash{uint32(memory), uint32(time), uint8(threads), salt, sum}, nil
}

func (a *argon2idHash) matches(password string) bool {
	sum := argon2.IDKey([]byte(password), a.salt, a.time, a.memory, a.threads, uint32(len(a.hash)))
	return subtle.ConstantTimeCompare(sum, a.hash) == 1
}
