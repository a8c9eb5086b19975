package verify

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"weak"

	"golang.org/x/crypto/argon2"
)

// counted is a hash that counts how often it is computed, and how often at
// once. It goes on when release is closed.
type counted struct {
	password            string
	release             chan struct{}
	total, running, top atomic.Int32
}

func newCounted(password string) *counted {
	return &counted{password: password, release: make(chan struct{})}
}

func (c *counted) matches(password string) bool {
	c.total.Add(1)
	c.top.Store(max(c.top.Load(), c.running.Add(1)))
	defer c.running.Add(-1)
	<-c.release
	return password == c.password
}

func TestASenderPaysForItsHashOnce(t *testing.T) {
	c := newCounted("right one")
	close(c.release)
	h := newHashed(c)
	for range 3 {
		if !h.matches("right one") || h.matches("wrong one") {
			t.Fatal("the cache changed an answer")
		}
	}
	// Each wrong one is computed and pushes nothing out.
	if n := c.total.Load(); n != 1+3 {
		t.Fatalf("computed %d times, want 4", n)
	}
}

func TestAPasswordIsRememberedByAllWhoConfigureItsHash(t *testing.T) {
	c := newCounted("right one")
	close(c.release)
	s := sharing{hashes: make(map[string]weak.Pointer[hashed])}
	before := s.hashed("its text", c)
	if !before.matches("right one") {
		t.Fatal("the right one doesn't match")
	}
	if after := s.hashed("its text", newCounted("right one")); !after.matches("right one") || after.matches("wrong one") {
		t.Fatal("sharing changed an answer")
	}
	if other := s.hashed("another text", newCounted("other")); other == before {
		t.Fatal("two hashes are one")
	}
	if n := c.total.Load(); n != 1+1 {
		t.Fatalf("computed %d times, want 2", n)
	}
	runtime.KeepAlive(before)
	s.emptied(t)
}

// emptied waits until what nobody uses is forgotten.
func (s *sharing) emptied(t *testing.T) {
	t.Helper()
	for range 1000 {
		runtime.GC()
		s.mu.Lock()
		n := len(s.hashes)
		s.mu.Unlock()
		if n == 0 {
			return
		}
	}
	t.Fatal("a hash that nobody uses is kept")
}

func TestOneHashProvesAllThatWaitWithTheSamePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounted("right one")
		h := newHashed(c)
		h.slots = make(chan struct{}, 1)
		var ok atomic.Int32
		for range 20 {
			go func() {
				if h.matches("right one") {
					ok.Add(1)
				}
			}()
		}
		synctest.Wait()
		close(c.release)
		synctest.Wait()
		if ok.Load() != 20 || c.total.Load() != 1 {
			t.Fatalf("%d matched with %d computed, want 20 with 1", ok.Load(), c.total.Load())
		}
	})
}

func TestGuessingLeavesCPUsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounted("right one")
		h := newHashed(c)
		h.slots = make(chan struct{}, 2)
		var wrong atomic.Int32
		for i := range 20 {
			go func() {
				if !h.matches(fmt.Sprint("guess ", i)) {
					wrong.Add(1)
				}
			}()
		}
		synctest.Wait()
		if n := c.running.Load(); n != 2 {
			t.Fatalf("%d run at once, want 2", n)
		}
		close(c.release)
		synctest.Wait()
		if wrong.Load() != 20 || c.top.Load() > 2 {
			t.Fatalf("%d answered, %d at once", wrong.Load(), c.top.Load())
		}
	})
}

// Caddy's own basic auth spends a second of CPU on each unknown user.
func TestAnUnknownUserCostsNoHash(t *testing.T) {
	c := newCounted("right one")
	close(c.release)
	b := basic{{user: digestOf("school"), hash: newHashed(c)}}
	wantRefused(t, b, request("", "Authorization", basicHeader("nobody", "right one")), ReasonNoMatch)
	if n := c.total.Load(); n != 0 {
		t.Fatalf("computed %d times for an unknown user", n)
	}
	wantOK(t, b, request("", "Authorization", basicHeader("school", "right one")), 0)
}

func TestAPasswordBeyondWhatBcryptReadsIsRefused(t *testing.T) {
	longest := strings.Repeat("p", maxBcryptPassword)
	v := must(t)(NewBasic([]Account{{"school", bcryptOf(t, longest)}}))
	wantOK(t, v, request("", "Authorization", basicHeader("school", longest)), 0)
	wantRefused(t, v, request("", "Authorization", basicHeader("school", longest+"x")), ReasonNoMatch)
}

// From the tests of another implementation, crypt_blowfish: wrapper.c.
func TestVectorsOfBcrypt(t *testing.T) {
	for hash, password := range map[string]string{
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": "U*U",
		"$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK": "U*U*",
	} {
		h, err := parseHash(hash)
		if err != nil || !h.matches(password) || h.matches(password+"x") {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

// From the tests of the reference implementation, phc-winner-argon2: test.c.
func TestVectorsOfArgon2id(t *testing.T) {
	for _, hash := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
	} {
		v := must(t)(NewBasic([]Account{{"school", hash}}))
		wantOK(t, v, request("", "Authorization", basicHeader("school", "password")), 0)
		wantRefused(t, v, request("", "Authorization", basicHeader("school", "differentpassword")), ReasonNoMatch)
	}
}

func TestHashesThatCannotBeComputedAreRefused(t *testing.T) {
	b64 := base64.RawStdEncoding.EncodeToString
	salt, sum := b64([]byte("somesalt")), b64(argon2.IDKey([]byte("p"), []byte("somesalt"), 1, 8, 1, 32))
	argon := func(params string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + sum }
	const rest = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	if _, err := parseHash(argon("m=8,t=1,p=1")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ hash, want string }{
		{"$2b$16$" + rest, "cost 16, which takes too long"},
		{"$2b$31$" + rest, "takes too long"},
		{"$2b$32$" + rest, "no complete bcrypt hash"},
		{"$2b$03$" + rest, "no complete bcrypt hash"},
		{"$2b$05$" + rest[1:], "no complete bcrypt hash"},
		{"$2b$05$" + rest + "x", "no complete bcrypt hash"},
		{"$2b$05$" + rest[:52] + "!", "no complete bcrypt hash"},
		{"$2b$" + rest, "no complete bcrypt hash"},
		{"$2x$05$" + rest, "isn't supported"},
		{"$argon2i$v=19$m=8,t=1,p=1$" + salt + "$" + sum, "isn't supported"},
		{"$apr1$salt$hash", "isn't supported"},
		{argon("m=262145,t=1,p=1"), "costs too much"},
		{argon("m=8,t=11,p=1"), "costs too much"},
		{argon("m=256,t=1,p=17"), "costs too much"},
		{argon("m=4294967296,t=1,p=1"), "costs too much"},
		{argon("m=8,t=4294967297,p=1"), "costs too much"},
		{argon("m=4096,t=1,p=257"), "costs too much"},
		{argon("m=99999999999999999999,t=1,p=1"), "form"},
		{argon("m=15,t=1,p=2"), "below 8 times p"},
		{argon("m=8,t=0,p=1"), "form"},
		{argon("m=8,t=1,p=0"), "form"},
		{argon("m=-8,t=1,p=1"), "form"},
		{argon("t=1,m=8,p=1"), "form"},
		{argon("m=8,t=1,p=1,keyid=x"), "form"},
		{"$argon2id$v=16$m=8,t=1,p=1$" + salt + "$" + sum, "form"},
		{"$argon2id$m=8,t=1,p=1$" + salt + "$" + sum, "form"},
		{"$argon2id$v=19$m=8,t=1,p=1$" + salt, "form"},
		{"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + sum + "=", "form"},
		{"$argon2id$v=19$m=8,t=1,p=1$c2FsdA$" + sum, "salt is not of 8"},
		{"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$c2hvcnQ", "hash is not of 16"},
		{"$argon2id$v=19$m=8,t=1,p=1$" + strings.Repeat("AAAA", 22) + "$" + sum, "to 64 bytes"},
		{"$argon2id$v=19$m=8,t=1,p=1$" + salt + "AA$" + sum, "salt is not of 8"},
	} {
		h, err := parseHash(c.hash)
		if err == nil || h != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.hash, err, c.want)
		}
	}
	for _, plain := range []string{"a$b$c$d", "$ecret-word", "$$$$$$$$", "correct horse"} {
		if h, err := parseHash(plain); h != nil || err != nil {
			t.Errorf("%q is taken for a hash: %v", plain, err)
		}
	}
}
