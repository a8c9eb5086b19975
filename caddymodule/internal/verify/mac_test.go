package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
)

// TestRequestsAtOnceAreVerifiedEachByItsOwnBody holds that hashes which are
// used again carry nothing from one request into another.
func TestRequestsAtOnceAreVerifiedEachByItsOwnBody(t *testing.T) {
	const secret = "0123456789abcdef"
	v := must(t)(NewHMAC(HMAC{Header: "X-Signature"}, []string{"another secret", secret}))
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				body := fmt.Sprintf(`{"n":%d,"of":%d}`, i, g)
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write([]byte(body))
				signature := hex.EncodeToString(mac.Sum(nil))
				if got := v.Verify(request(body, "X-Signature", signature)); !got.OK || got.Secret != 1 {
					t.Errorf("%s: %+v", body, got)
				}
				if got := v.Verify(request(body+" ", "X-Signature", signature)); got.OK {
					t.Errorf("%s is taken for another", body)
				}
			}
		})
	}
	all.Wait()
}
