package sample

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Proof is how a request shows that it is genuine. What is empty is left out.
type Proof struct {
	// Secret signs by HMAC, or by Standard Webhooks where that is set.
	Secret   string
	HMAC     verify.HMAC
	Standard bool
	// Token stands in a header.
	Token, TokenHeader string
	// URLToken ends the URL.
	URLToken string
	// User and Password are of HTTP basic auth.
	User, Password string
}

// To is the request as it is sent to a source's URL, proven at a time.
func (r *Request) To(source string, p Proof, now time.Time) (*http.Request, error) {
	target, err := r.target(source, p.URLToken)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(r.Method, target.String(), bytes.NewReader(r.Body))
	if err != nil { // whose text would hold the URL
		return nil, fmt.Errorf("the method %q is none", r.Method)
	}
	req.Header = r.Header.Clone()
	if p.Token != "" {
		req.Header.Set(p.TokenHeader, p.Token)
	}
	if p.User != "" {
		req.SetBasicAuth(p.User, p.Password)
	}
	return req, r.sign(req, p, now)
}

// target is the source's URL with what the sender has below it. A URL that
// ends in it already stays as it is.
func (r *Request) target(source, token string) (*url.URL, error) {
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return nil, errors.New("the URL can't be parsed; write one such as http://127.0.0.1:8080/knolyx")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("the URL must begin with http:// or https:// and name a host, such as http://127.0.0.1:8080/knolyx")
	}
	if r.Path != "" && !strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/"+r.Path) {
		u = u.JoinPath(url.PathEscape(r.Path))
	}
	switch {
	case token == "":
	case r.Sender == "edusign": // whose schools enter it so
		query := u.Query()
		query.Set("token", token)
		u.RawQuery = query.Encode()
	default:
		u = u.JoinPath(url.PathEscape(token))
	}
	return u, nil
}

func (r *Request) sign(req *http.Request, p Proof, now time.Time) error {
	switch {
	case p.Secret == "":
		return nil
	case p.Standard:
		return r.signStandard(req.Header, p.Secret, now)
	}
	if name := p.HMAC.ID; name != "" && req.Header.Get(name) == "" {
		req.Header.Set(name, r.ID)
	}
	return p.HMAC.Sign(p.Secret, &verify.Request{
		Method: req.Method, URL: req.URL.String(), Header: req.Header, Body: r.Body, Now: now,
	})
}
