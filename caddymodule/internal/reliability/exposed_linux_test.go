package reliability

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// forbidden are addresses that a backend's name may not lead to, and what an
// attempt's record calls them.
var forbidden = map[string]string{
	"169.254.169.254": "a cloud metadata address",
	"100.100.100.200": "a cloud metadata address",
	"168.63.129.16":   "a cloud metadata address",
	"192.0.0.192":     "a cloud metadata address",
	"169.254.7.7":     "a link-local address",
}

func init() {
	if hasIPv6() { // of AWS and Google Cloud
		forbidden["fd00:ec2::254"], forbidden["fd20:ce::254"] = "a cloud metadata address", "a cloud metadata address"
	}
}

// writtenDown is a forbidden address that stands in the config.
const writtenDown = "169.254.42.42"

var redirects = []int{301, 302, 303, 307, 308}

// exposed is a gateway in a network in which clouds' addresses answer.
type exposed struct {
	*gateway
	t     *testing.T
	names *names
	// crm has the same port at an address that is allowed as the bait has at
	// those that aren't; written is at a forbidden one.
	crm, written *backendLedger
	port         string
	bait, onward bait
	// wants are the backends that must not be reached, and what their attempts say.
	wants  map[string]string
	config strings.Builder
	mended atomic.Bool
}

// newExposed makes the network; configure fills in the backends, and the gateway
// starts in it with these variables in its environment.
func newExposed(t *testing.T, configure func(*exposed) (environment []string)) *exposed {
	t.Helper()
	x := &exposed{t: t, gateway: newGateway(t, ""), wants: make(map[string]string)}
	err := inNetwork(t, append(slices.Collect(maps.Keys(forbidden)), writtenDown), func() (err error) {
		if x.names, err = newNames(t); err != nil {
			return err
		}
		x.crm = newBackend(t, nil)
		if _, x.port, err = net.SplitHostPort(x.crm.Listener.Addr().String()); err != nil {
			return err
		}
		for ip := range forbidden {
			if _, err := x.bait.listen(t, net.JoinHostPort(ip, x.port)); err != nil {
				return err
			}
		}
		x.environment = configure(x)
		x.write(x.config.String())
		x.launch()
		return nil
	})
	if none := (*noNetwork)(nil); errors.As(err, &none) {
		needs(t, "netns", err)
	} else if err != nil {
		t.Fatal(err)
	}
	x.serves()
	return x
}

// backend configures one that gets the events whose ids begin with its name. Its
// attempts must say so, unless want is empty: then it must get them.
func (x *exposed) backend(name, url, want string) {
	fmt.Fprintf(&x.config, `backend %[1]s %[2]s {
		backoff 50ms 100ms
		transport http {
			resolvers %[3]s
			dial_timeout 2s
		}
	}
	rule %[1]s `+"`id startsWith \"%[1]s-\"`"+` %[1]s
`, name, url, x.names.LocalAddr())
	if want != "" {
		x.wants[name] = want
	}
}

// named configures a backend whose name leads to addresses.
func (x *exposed) named(name, want string, to ...string) {
	x.names.lead(name+".school.internal", to...)
	x.backend(name, "http://"+name+".school.internal:"+x.port, want)
}

// hostile configures a backend for each way to a place where nothing may come.
func (x *exposed) hostile() []string {
	for ip, kind := range forbidden {
		x.named("at_"+strings.NewReplacer(".", "_", ":", "_").Replace(ip), "forbidden address: "+ip+" is "+kind, ip)
	}
	x.named("mixed", "forbidden address: 169.254.", "169.254.169.254", "169.254.7.7")
	x.named("mapped", "forbidden address: 169.254.169.254", "::ffff:169.254.169.254")
	x.named("rebound", "", "127.0.0.1")
	x.written = &backendLedger{keys: make(map[string][]string)}
	l, err := net.Listen("tcp", writtenDown+":0")
	if err != nil {
		x.t.Error(err)
		return nil
	}
	x.written.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: x.written}} //nolint:gosec // of a test
	x.written.Start()
	x.t.Cleanup(x.written.Close)
	x.backend("written", x.written.URL, "")
	port, err := x.onward.listen(x.t, "127.0.0.1:0")
	if err != nil {
		x.t.Error(err)
	}
	for _, status := range redirects {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if x.mended.Load() {
				x.crm.ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, "http://127.0.0.1:"+port+"/", status)
		}))
		x.t.Cleanup(s.Close)
		x.backend(fmt.Sprint("redirect", status), s.URL, fmt.Sprint(status))
	}
	return []string{"HTTP_PROXY=", "http_proxy="}
}

// mend has all names lead to the CRM, and no backend redirect any more.
func (x *exposed) mend() {
	x.mended.Store(true)
	for name := range x.wants {
		x.names.lead(name+".school.internal", "127.0.0.1")
	}
}
