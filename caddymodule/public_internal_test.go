package caddymodule

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEachSecretOfTheExamplesIsKnownAsPublic reads what stands in for variables that
// aren't set.
func TestEachSecretOfTheExamplesIsKnownAsPublic(t *testing.T) {
	files, err := filepath.Glob("../examples/*/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range append(files, "../Caddyfile.example") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\{\$([A-Z_]+):([^}…\s]+)\}`).FindAllStringSubmatch(string(text), -1) {
			name, secret := found[1], found[2]
			if strings.HasSuffix(name, "_URL") {
				continue
			}
			n++
			if !isPublic(secret) {
				t.Errorf("%s: %s is public, and nothing warns of it", file, secret)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d secrets were found", n)
	}
}

func TestASecretOfOnesOwnIsNotCalledPublic(t *testing.T) {
	t.Setenv("OF_OUR_OWN", "f7c3bc1d808e04732adf679965ccc34ca7ae3441")
	for _, secret := range []string{"{env.OF_OUR_OWN}", "retry-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "{env.NOT_SET}", "country-token"} {
		if isPublic(secret) {
			t.Errorf("%s is called public", secret)
		}
	}
}
