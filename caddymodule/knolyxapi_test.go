package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// knolyxAPI is Knolyx's API for webhooks as its documentation has it, for the
// project 7 and one key. It sends a PING on creation and when asked to.
type knolyxAPI struct {
	mu       sync.Mutex
	last     int
	webhooks map[string]knolyxWebhook
}

type knolyxWebhook struct {
	ID            int    `json:"id"`
	Name          string `json:"name"`
	URL           string `json:"url"`
	SecurityToken string `json:"securityToken"`
}

// knolyxAPICommand runs the API for a script, with $API as its base URL.
func knolyxAPICommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: knolyx-api")
	}
	api := &knolyxAPI{webhooks: make(map[string]knolyxWebhook)}
	server := httptest.NewServer(api.handler())
	ts.Defer(server.Close)
	ts.Setenv("API", server.URL)
}

func (a *knolyxAPI) handler() http.Handler {
	mux := http.NewServeMux()
	const base = "/public/api/v1/webhook"
	mux.HandleFunc("POST "+base, a.create)
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, _ *http.Request) {
		all := []knolyxWebhook{}
		for _, hook := range a.webhooks {
			all = append(all, hook)
		}
		_ = json.NewEncoder(w).Encode(all)
	})
	mux.HandleFunc("POST "+base+"/ping", func(w http.ResponseWriter, _ *http.Request) {
		for _, hook := range a.webhooks {
			a.ping(w, hook)
		}
	})
	mux.HandleFunc("GET "+base+"/{id}", a.one(func(w http.ResponseWriter, hook knolyxWebhook) { _ = json.NewEncoder(w).Encode(hook) }))
	mux.HandleFunc("POST "+base+"/{id}/ping", a.one(a.ping))
	mux.HandleFunc("DELETE "+base+"/{id}", a.one(func(_ http.ResponseWriter, hook knolyxWebhook) {
		delete(a.webhooks, strconv.Itoa(hook.ID))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if r.Header.Get("X-Api-Key") != "an-api-key" || r.Header.Get("X-Project-Id") != "7" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *knolyxAPI) create(w http.ResponseWriter, r *http.Request) {
	var hook knolyxWebhook
	if err := json.NewDecoder(r.Body).Decode(&hook); err != nil || hook.Name == "" || hook.URL == "" || hook.SecurityToken == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.last++
	hook.ID = a.last
	a.webhooks[strconv.Itoa(hook.ID)] = hook
	a.ping(httptest.NewRecorder(), hook) // whatever comes of it
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(hook)
}

// one finds the webhook that a request names.
func (a *knolyxAPI) one(f func(http.ResponseWriter, knolyxWebhook)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		hook, ok := a.webhooks[r.PathValue("id")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f(w, hook)
	}
}

// ping sends a PING, whose answer must be a 2xx.
func (a *knolyxAPI) ping(w http.ResponseWriter, hook knolyxWebhook) {
	a.last++
	body := fmt.Sprintf(`{"id":"ping-%d","type":"PING","data":{"message":"PING"}}`, a.last)
	req, err := http.NewRequest(http.MethodPut, hook.URL, strings.NewReader(body))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	req.Header.Set("X-Webhook-Security-Token", hook.SecurityToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode/100 != 2 {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = res.Body.Close()
}
