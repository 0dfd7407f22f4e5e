//go:build linux

package observe

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/jaegerapi"
	"shop/shop/rest"
)

// secrets: of all that a run was told and has made, searched for by value, nothing
// that is secret or a person's is in a span, a figure or a line of a log; who a
// client is only in the lines of events.
func (s *shop) secrets(t *testing.T, _ person, _ rest.Product) {
	buyer := s.enter(t, "another buyer")
	words := s.words(t)
	spoken := "spoken-" + unique() // In bodies and queries.
	words[spoken] = "what a client wrote"
	a, err := s.Product.As(buyer.AccessToken).Post(t.Context(), "/products", map[string]any{"name": "x", "description": spoken, "price": 1, "quantity": 1})
	want(t, "a description", a, err, http.StatusCreated)
	a, err = s.Product.Get(t.Context(), "/products?q="+spoken)
	want(t, "a search", a, err, http.StatusOK)
	a, err = s.Product.As(buyer.AccessToken).Post(t.Context(), "/products", map[string]any{"name": spoken, "price": spoken})
	want(t, "a fault", a, err, http.StatusUnprocessableEntity)
	refresh := func(token string) rest.Answer {
		a, err := s.User.Post(t.Context(), "/refresh", map[string]string{"refresh_token": token})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var next rest.Session
	if err := refresh(buyer.RefreshToken).Into(&next); err != nil || next.AccessToken == "" {
		t.Fatalf("refresh: %v", err)
	}
	words[next.AccessToken], words[next.RefreshToken] = "an access token", "a refresh token"
	if a := refresh(buyer.RefreshToken); a.Status != http.StatusUnauthorized {
		t.Errorf("a used refresh token: %d", a.Status)
	}
	a, err = s.User.Get(t.Context(), "/internal/users/1/contact")
	want(t, "an internal path", a, err, http.StatusNotFound)

	s.scraped(t) // A look at every part, and the spans of what was done arrive.
	trace := a.Header.Get("X-Trace-Id")
	s.arrived(t, trace)
	s.spansShow(t, words)
	for part := range s.pages {
		shows(t, "the figures of "+part, s.page(t, part), words, true)
	}
	s.logsShow(t, words)
}

// words are the secrets of this run and what it knows of people, each with what it
// is.
func (s *shop) words(t *testing.T) map[string]string {
	t.Helper()
	words := map[string]string{smsToken: "the gateway's token", pushToken: "the push service's token"}
	for _, p := range s.people {
		words[p.password], words[p.mail], words[p.phone], words[p.device] = "a password", "an e-mail address", "a phone number", "a device"
		words[p.AccessToken], words[p.RefreshToken] = "an access token", "a refresh token"
	}
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Base(filepath.Dir(path)) != "secrets" && entry.Name() != "password" {
			return err
		}
		text, err := os.ReadFile(path)
		words[strings.TrimSpace(string(text))] = strings.TrimPrefix(path, s.dir+"/")
		files++
		return err
	})
	if err != nil || files < 4 {
		t.Fatalf("%d files of secrets: %v", files, err)
	}
	return words
}

// arrived waits for a trace of the edge.
func (s *shop) arrived(t *testing.T, id string) {
	t.Helper()
	s.whole(t, id, "\nedge: GET refused SERVER\n")
}

// spansShow looks into every span of the run.
func (s *shop) spansShow(t *testing.T, words map[string]string) {
	t.Helper()
	services, err := s.traces.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, service := range services {
		found, err := s.traces.Find(t.Context(), jaegerapi.Query{Service: service, From: time.Now().Add(-time.Hour), Limit: 20000})
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range found {
			for _, span := range trace.Spans {
				if !seen[span.ID] {
					seen[span.ID] = true
					text, err := json.Marshal(span)
					if err != nil {
						t.Fatal(err)
					}
					shows(t, "a span of "+span.Service, string(text), words, true)
				}
			}
		}
	}
	t.Logf("%d spans of %v", len(seen), services)
	if len(seen) < 1000 || len(services) != 9 {
		t.Errorf("%d spans of %v are too few to say anything", len(seen), services)
	}
}

// logsShow looks into every line of the run, and wants the events of security
// there, with their clients.
func (s *shop) logsShow(t *testing.T, words map[string]string) {
	t.Helper()
	var lines []line
	testkit.Eventually(t, patience, func() bool { // Envoy writes its lines every ten seconds.
		lines = s.lines(t)
		return slices.ContainsFunc(lines, func(l line) bool { return l.fields["event"] == "path_refused" })
	}, "the edge's refusal in its log")
	events := map[string]int{}
	for _, l := range lines {
		event, _ := l.fields["event"].(string)
		if event != "" && strings.Contains(l.text, clientAddress) {
			events[event]++
		}
		shows(t, l.file, l.text, words, event == "")
	}
	t.Logf("%d lines; events with a client: %v", len(lines), events)
	for _, want := range []string{"register", "login_ok", "login_bad_password", "login_unknown_user", "refresh_ok", "refresh_reuse", "path_refused"} {
		if events[want] == 0 {
			t.Errorf("no event %s that says who: %v", want, slices.Sorted(maps.Keys(events)))
		}
	}
}

// shows fails where text has one of words, or tells who a client is though it may
// not.
func shows(t *testing.T, where, text string, words map[string]string, anonymous bool) {
	t.Helper()
	for word, what := range words {
		if strings.Contains(text, word) {
			t.Errorf("%s shows %s: %s", where, what, fmt.Sprintf("%.300s", text))
		}
	}
	if anonymous && strings.Contains(text, clientAddress) {
		t.Errorf("%s shows the address of a client: %.300s", where, text)
	}
}
