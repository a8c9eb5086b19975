package knolyxapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrNotFound tells that there is no such webhook.
var ErrNotFound = errors.New("there is no such webhook; `caddy webhooks knolyx list` shows those there are")

// maxMessage bounds what of an API's own message is shown.
const maxMessage = 300

// failure says what an answer other than 2xx means and what to do.
func failure(status int, answer []byte, secrets []string) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("refused with %d; check the API key and --project, and whether Knolyx gave the key the permission WEBHOOK_MANAGE", status)
	case status == http.StatusNotFound:
		return ErrNotFound
	case status/100 == 3:
		return fmt.Errorf("answered with %d, a redirect, which is not followed: it would take the API key along; is --api right?", status)
	}
	return fmt.Errorf("answered with %d%s", status, message(answer, secrets))
}

// message is what the API says is wrong, without any secret.
func message(answer []byte, secrets []string) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &said) != nil || said.Message == "" {
		return ""
	}
	for _, s := range secrets {
		said.Message = strings.ReplaceAll(said.Message, s, "REDACTED")
	}
	return fmt.Sprintf(": %.*q", maxMessage, said.Message)
}
