package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

func TestASignedRequestMakesOneEventForAsLongAsItsTimestampPasses(t *testing.T) {
	ahead := clocktest.New(t)
	b := benchOver(t, memstore.New())
	defer b.close()
	defer b.Attach(b.config())()
	const secret, body = "a secret", `{"type":"invoice.paid","amount":1000}`
	scheme := verify.HMAC{Header: "X-Sig", Signature: "v1=", Timestamp: "t=", Signed: "{timestamp}.{body}", Tolerance: time.Hour}
	src := b.source("custom")
	src.Lifetime = scheme.Lifetime()
	var err error
	if src.Verifier, err = verify.NewHMAC(scheme, []string{secret}); err != nil {
		t.Fatal(err)
	}
	stamp := strconv.FormatInt(clock.Now().Add(59*time.Minute).Unix(), 10) // by a clock that is ahead
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + body))
	captured := http.Header{"X-Sig": {"t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))}}
	for _, c := range []struct {
		after time.Duration
		want  Verdict
	}{
		{0, Kept}, {11 * time.Minute, Duplicate}, {61 * time.Minute, Duplicate}, {118 * time.Minute, Duplicate}, {121 * time.Minute, Quarantined},
	} {
		ahead.Set(c.after)
		now := clock.Now()
		r := &event.Request{Method: http.MethodPost, Header: captured, Body: []byte(body), Received: now.Truncate(time.Millisecond)}
		a, err := b.Accept(ctx, src, r, &verify.Request{Header: captured, Body: r.Body, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if a.Verdict != c.want {
			t.Errorf("after %s its verdict is %v, not %v", c.after, a.Verdict, c.want)
		}
	}
}
