package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

const (
	readAnswer = 64 << 10 // how much of an answer is read, so that its connection can be used again
	keptAnswer = 4 << 10  // how much of a failed one is kept
	// drainFor is how long the rest of a 2xx is read: the event is delivered,
	// and each moment until that is recorded is one in which a crash repeats it.
	drainFor = time.Second
)

// readDelivered empties a delivered answer; whether that works is no matter.
func readDelivered(res *http.Response, cancel context.CancelFunc) {
	defer time.AfterFunc(drainFor, cancel).Stop()
	_, _ = io.CopyN(io.Discard, res.Body, readAnswer)
}

// readFailed notes what a failed answer says. Its body may break off: what
// came of it is kept.
func readFailed(a *event.Attempt, res *http.Response) {
	a.RetryAfter = retryAfter(res.Header.Get("Retry-After"), clock.Now())
	a.Error = statusError(res.StatusCode)
	kept, _ := io.ReadAll(io.LimitReader(res.Body, keptAnswer))
	_, _ = io.CopyN(io.Discard, res.Body, readAnswer-keptAnswer)
	a.Answer = kept
}

func redirects(status int) bool {
	return status >= 300 && status <= 399 && status != http.StatusNotModified
}

func statusError(status int) string {
	if redirects(status) {
		return fmt.Sprintf("answered %d: redirects are not followed; set the backend's URL to where it leads", status)
	}
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))
}

// retryAfter reads a Retry-After header (RFC 9110, 10.2.3), in seconds or as
// a date; 0 for one that is neither or is past.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		const most = uint64(math.MaxInt64 / time.Second)
		return time.Duration(min(seconds, most)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// maxError bounds what is kept of an error, in bytes.
const maxError = 512

// quoted is what an error quotes: of what a backend sent, that is no reason.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// explain says why there was no answer, without anything secret. A
// transport's error may quote the URL, or what the backend sent.
func (s *settings) explain(err error) string {
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", s.Timeout)
	}
	said := s.hide.Replace(err.Error())
	if strings.Contains(said, "malformed") {
		return "the answer is not HTTP: does the backend's URL have the right port, and http or https as it should? Does the backend send a body with a 204?"
	}
	said = quoted.ReplaceAllString(said, `"…"`)
	return strings.ToValidUTF8(said[:min(len(said), maxError)], "")
}
