package verify

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// checkSecrets refuses an empty list and every secret that is not worth the
// name. what is the word for one of them.
func checkSecrets(what string, secrets []string) error {
	if len(secrets) == 0 {
		return fmt.Errorf("no %s is given: without one anybody could send; give at least one", what)
	}
	for i, s := range secrets {
		if err := checkSecret(s); err != nil {
			return fmt.Errorf("%s %d %w", what, i+1, err)
		}
	}
	return nil
}

func checkSecret(s string) error {
	switch trimmed := strings.TrimSpace(s); {
	case trimmed == "":
		return errors.New("is empty: check where its value comes from")
	case trimmed != s:
		return errors.New("begins or ends with white space: remove it")
	}
	return nil
}

// decodeKey turns a secret as it is written into the key that it stands for.
// The decoders' own errors are not passed on, they quote the secret.
func decodeKey(written, form string) ([]byte, error) {
	key := []byte(written)
	switch form {
	case "hex":
		var err error
		if key, err = hex.DecodeString(written); err != nil {
			return nil, errors.New("is not hex: write it in hex or change key")
		}
	case "base64":
		var ok bool
		if key, ok = decodeBase64(written); !ok {
			return nil, errors.New("is not base64: write it in base64 or change key")
		}
	}
	if len(key) == 0 {
		return nil, errors.New("is empty when decoded: check where its value comes from")
	}
	return key, nil
}

// decodeHex takes upper and lower case.
func decodeHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// decodeBase64 takes the standard alphabet with all its padding or none, and
// only the one spelling that encodes back to s. The URL-safe alphabet is not
// taken.
func decodeBase64(s string) ([]byte, bool) {
	enc := base64.StdEncoding
	if !strings.HasSuffix(s, "=") {
		enc = base64.RawStdEncoding
	}
	b, err := enc.Strict().DecodeString(s)
	// The decoder skips line ends, so the length tells of them.
	return b, err == nil && len(s) == enc.EncodedLen(len(b))
}
