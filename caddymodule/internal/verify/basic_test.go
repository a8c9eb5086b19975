package verify

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func basicHeader(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// bcryptOf hashes at the least cost.
func bcryptOf(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func TestVectorsOfRFC7617(t *testing.T) {
	v := must(t)(NewBasic([]Account{{"Aladdin", "open sesame"}, {"test", bcryptOf(t, "123£")}}))
	wantOK(t, v, request("", "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), 0)
	wantOK(t, v, request("", "Authorization", "Basic dGVzdDoxMjPCow=="), 1)
}

func TestAnyAccountOfSeveralMatches(t *testing.T) {
	v := must(t)(NewBasic([]Account{
		{"synap", bcryptOf(t, "the old hash")}, {"synap", "the new plain"}, {"other", "the other: one"}, {"synap", bcryptOf(t, "the next hash")},
	}))
	for i, a := range []Account{{"synap", "the old hash"}, {"synap", "the new plain"}, {"other", "the other: one"}, {"synap", "the next hash"}} {
		wantOK(t, v, request("", "Authorization", basicHeader(a.User, a.Password)), i)
		wantOK(t, v, request("", "Authorization", "bAsIc"+basicHeader(a.User, a.Password)[5:]), i)
	}
	wantRefused(t, v, request("", "Authorization", basicHeader("other", "the new plain")), ReasonNoMatch)
	wantRefused(t, v, request("", "Authorization", basicHeader("other", "the old hash")), ReasonNoMatch)
}

func TestNoMutatedCredentialsVerify(t *testing.T) {
	const user, password = "Synap", "Open-Sesame-1"
	hash := bcryptOf(t, password)
	sent := func(user, password string) func(*Request) { return set("Authorization", basicHeader(user, password)) }
	raw := func(value string) func(*Request) { return set("Authorization", value) }
	encoded := basicHeader(user, password)[6:]

	mutations := []mutation{
		{"no header", remove("Authorization"), ReasonCredentialsMissing},
		{"empty header", raw(""), ReasonCredentialsMissing},
		{"blank header", raw(" "), ReasonCredentialsMissing},
		{"another scheme", raw("Bearer " + encoded), ReasonCredentialsMissing},
		{"no scheme", raw(encoded), ReasonCredentialsMissing},
		{"no space", raw("Basic" + encoded), ReasonCredentialsMissing},
		{"scheme only", raw("Basic"), ReasonCredentialsMalformed},
		{"two spaces", raw("Basic  " + encoded), ReasonCredentialsMalformed},
		{"not encoded", raw("Basic " + user + ":" + password), ReasonCredentialsMalformed},
		{"encoded twice", raw("Basic " + base64.StdEncoding.EncodeToString([]byte(encoded))), ReasonCredentialsMalformed},
		{"cut", raw("Basic " + encoded[:len(encoded)-5]), ReasonCredentialsMalformed},
		{"more after it", raw("Basic " + encoded + ", x"), ReasonCredentialsMalformed},
		{"no colon", raw("Basic " + base64.StdEncoding.EncodeToString([]byte(user))), ReasonCredentialsMalformed},
		{"header twice", add("Authorization", basicHeader(user, password)), ReasonCredentialsTwice},
		{"another header too", add("Authorization", "Bearer x"), ReasonCredentialsTwice},
		{"in the proxy's header", func(r *Request) {
			r.Header.Set("Proxy-Authorization", r.Header.Get("Authorization"))
			r.Header.Del("Authorization")
		}, ReasonCredentialsMissing},
		{"a huge header", raw("Basic " + strings.Repeat("QUFB", maxHeader)), ReasonCredentialsTooLong},
		{"no password", sent(user, ""), ReasonNoMatch},
		{"no user", sent("", password), ReasonNoMatch},
		{"neither", sent("", ""), ReasonNoMatch},
		{"another user", sent("synap2", password), ReasonNoMatch},
		{"user in lower case", sent("synap", password), ReasonNoMatch},
		{"user cut", sent("Syna", password), ReasonNoMatch},
		{"user with a space", sent("Synap ", password), ReasonNoMatch},
		{"user with a NUL", sent("Synap\x00", password), ReasonCredentialsMalformed},
		{"swapped", sent(password, user), ReasonNoMatch},
		{"colon moved", sent(user+":"+password[:4], password[4:]), ReasonNoMatch},
		{"password in lower case", sent(user, strings.ToLower(password)), ReasonNoMatch},
		{"password cut", sent(user, password[:len(password)-1]), ReasonNoMatch},
		{"password with a space", sent(user, password+" "), ReasonNoMatch},
		{"password with a line end", sent(user, password+"\n"), ReasonCredentialsMalformed},
		{"password with a NUL", sent(user, password+"\x00"), ReasonCredentialsMalformed},
		{"password, NUL, password", sent(user, password+"\x00"+password), ReasonCredentialsMalformed},
		{"password twice", sent(user, password+password), ReasonNoMatch},
		{"last character", sent(user, password[:len(password)-1]+"2"), ReasonNoMatch},
		{"the hash itself", sent(user, hash), ReasonNoMatch},
		{"a long password", sent(user, strings.Repeat("p", 1000)), ReasonNoMatch},
		{"broken UTF-8", sent(user, "\xff\xfe"), ReasonNoMatch},
	}
	for name, configured := range map[string]string{"plain": password, "hashed": hash} {
		t.Run(name, func(t *testing.T) {
			v := must(t)(NewBasic([]Account{{user, configured}, {"other", "another password"}}))
			never(t, v, func() *Request { return request("", "Authorization", basicHeader(user, password)) }, mutations)
		})
	}
}

func TestAccountsThatProtectNothingAreRefused(t *testing.T) {
	for _, c := range []struct {
		accounts []Account
		want     string
	}{
		{nil, "no account is given"},
		{[]Account{{"", "long enough"}}, "account 1: the user is empty"},
		{[]Account{{"  ", "long enough"}}, "account 1: the user is empty"},
		{[]Account{{"a:b", "long enough"}}, "colon"},
		{[]Account{{"a\x00", "long enough"}}, "control character"},
		{[]Account{{"a", "long\x00enough"}}, "control character"},
		{[]Account{{"a", "long enough"}, {"b", ""}}, "account 2: the password is empty"},
		{[]Account{{"a", "   "}}, "account 1: the password is empty"},
		{[]Account{{"a", "SECRET! "}}, "account 1: the password begins or ends with white space"},
		{[]Account{{"a", "$6$SECRET!$SECRET!"}}, "isn't supported"},
		{[]Account{{"a", "$2b$10$SECRET!"}}, "no complete bcrypt hash"},
	} {
		v, err := NewBasic(c.accounts)
		if err == nil || v != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET!") {
			t.Errorf("%+v: %v, want %q", c.accounts, err, c.want)
		}
	}
}
