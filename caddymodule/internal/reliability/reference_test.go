package reliability

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// What follows decides once more, as plainly as can be, whether a request is
// genuine: it encodes what it expects and compares text.

const fiveMinutes = 300

var (
	plainTime = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	milliTime = regexp.MustCompile(`^[1-9][0-9]{12}$`)
	plainID   = regexp.MustCompile(`^[!-\-/-~]{1,256}$`) // visible ASCII but the full stop
)

// all are a header's lines that say something.
func all(m *message, name string) (lines []string, size int) {
	for _, h := range m.header {
		if value := strings.Trim(h[1], " \t"); strings.EqualFold(h[0], name) && value != "" {
			lines, size = append(lines, value), size+len(value)
		}
	}
	return lines, size
}

// only is a header's single value; "" where there is none or several.
func only(m *message, name string) string {
	if lines, size := all(m, name); len(lines) == 1 && size <= 4096 {
		return lines[0]
	}
	return ""
}

// claim is a signature scheme, for one message.
type claim struct {
	m                                   *message
	now                                 int64
	header, prefix, time, id, algorithm string
	base64                              bool
}

func (c claim) signed(content func(ts, id string) string) bool {
	lines, size := all(c.m, c.header)
	if size > 4096 {
		return false
	}
	var given, times []string
	for _, part := range strings.Split(strings.ReplaceAll(strings.Join(lines, ","), ";", ","), ",") {
		part = strings.Trim(part, " \t")
		if strings.HasPrefix(part, c.prefix) && part != "" {
			given = append(given, part[len(c.prefix):])
		}
		if strings.HasSuffix(c.time, "=") && strings.HasPrefix(part, c.time) {
			times = append(times, part[len(c.time):])
		}
	}
	if c.time != "" && !strings.HasSuffix(c.time, "=") {
		times, _ = all(c.m, c.time)
	}
	ts, id := "", ""
	if c.time != "" {
		if len(times) != 1 || !c.fresh(times[0], true) {
			return false
		}
		ts = times[0]
	}
	if c.id != "" {
		ids, _ := all(c.m, c.id)
		if len(ids) != 1 || !plainID.MatchString(ids[0]) {
			return false
		}
		id = ids[0]
	}
	return len(given) <= 16 && c.among(given, content(ts, id))
}

// among tells whether the signature of the content is one of those given.
func (c claim) among(given []string, content string) bool {
	algorithm := c.algorithm
	if algorithm == "" {
		algorithm = "sha256"
	}
	want := mac(algorithm, aSecret, content)
	for _, g := range given {
		if !c.base64 && strings.ToLower(g) == hex.EncodeToString(want) {
			return true
		}
		if c.base64 && spelled(g, want) {
			return true
		}
	}
	return false
}

// spelled is base64 of the standard alphabet, with its padding or none.
func spelled(text string, b []byte) bool {
	return text == base64.StdEncoding.EncodeToString(b) || text == base64.RawStdEncoding.EncodeToString(b)
}

// fresh allows five minutes, either way.
func (c claim) fresh(ts string, milli bool) bool {
	n, err := strconv.ParseInt(ts, 10, 64)
	if milli && milliTime.MatchString(ts) {
		n /= 1000
	} else if !plainTime.MatchString(ts) {
		return false
	}
	return err == nil && n-c.now <= fiveMinutes && c.now-n <= fiveMinutes
}

func standardGenuine(m *message, now int64) bool {
	lines, size := all(m, "webhook-signature")
	given := strings.Fields(strings.Join(lines, " "))
	ts, id := only(m, "webhook-timestamp"), only(m, "webhook-id")
	if len(given) > 16 || size > 4096 || !plainID.MatchString(id) || !(claim{now: now}).fresh(ts, false) {
		return false
	}
	content := id + "." + ts + "." + m.body
	v1a := strings.HasPrefix(m.path, "/standard-v1a")
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(whsecSecret, "whsec_"))
	for _, g := range given {
		version, text, _ := strings.Cut(g, ",")
		if v1a && version == "v1a" && spelled(text, ed25519.Sign(ed25519Key, []byte(content))) {
			return true
		}
		if !v1a && version == "v1" && spelled(text, mac("sha256", string(key), content)) {
			return true
		}
	}
	return false
}

// bearer takes the token alone too, and the scheme's name in either case.
func bearer(value string) bool {
	if len(value) > 7 && strings.EqualFold(value[:7], "Bearer ") {
		value = strings.TrimLeft(value, " ")
		return value == aToken || strings.TrimLeft(value[7:], " ") == aToken
	}
	return value == aToken
}

func basicGenuine(m *message) bool {
	value := only(m, "Authorization")
	if len(value) < 6 || !strings.EqualFold(value[:6], "Basic ") {
		return false
	}
	return value[6:] == base64.StdEncoding.EncodeToString([]byte("school:"+aPassword))
}

// noCredentials tells a request without any for basic auth.
func noCredentials(m *message) bool {
	lines, _ := all(m, "Authorization")
	if len(lines) == 0 {
		return true
	}
	scheme, _, _ := strings.Cut(lines[0], " ")
	return len(lines) == 1 && len(lines[0]) <= 4096 && !strings.EqualFold(scheme, "Basic")
}

func compacted(body string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(body)) != nil {
		return body
	}
	return b.String()
}

// bracketed is a body whose own brackets tell where it begins and ends.
func bracketed(body string) bool {
	body = strings.TrimSpace(body)
	return len(body) > 1 && (body[0] == '{' && body[len(body)-1] == '}' || body[0] == '[' && body[len(body)-1] == ']')
}
