package user_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/notification/adapters/contactstest"
	"shop/notification/adapters/memory"
	"shop/notification/adapters/user"
	"shop/notification/domain"
)

const token = "internal-token"

// serve starts a user service over real HTTP that knows what known knows.
func serve(t *testing.T, known *memory.Contacts) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/users/{id}/contact", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil || r.Header.Get("X-Internal-Token") != token {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		contact, err := known.Contact(r.Context(), id)
		switch errs.KindOf(err) {
		case errs.NotFound:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"detail":"…","code":"user_not_found"}`))
		case errs.Unavailable:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{
				"user_id": id, "username": "an", "email": given(contact.Email), "phone": given(contact.Phone),
				"push_token": given(contact.PushToken), "locale": contact.Locale, "is_active": false,
			})
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func contacts(t *testing.T, base, token string) *user.Contacts {
	t.Helper()
	c, err := user.New(base, telemetry.Nop(), token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestContacts(t *testing.T) {
	contactstest.Run(t, func(t *testing.T) contactstest.Rig {
		known := &memory.Contacts{}
		return contactstest.Rig{
			Contacts: contacts(t, serve(t, known).URL, token),
			Put:      known.Put, SetAway: known.SetAway,
		}
	})
}

// TestNobodyIsTakenForAStranger: only the user service itself can say that a user
// does not exist.
func TestNobodyIsTakenForAStranger(t *testing.T) {
	known := &memory.Contacts{}
	known.Put(3, domain.Contact{})
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>"))
	}))
	defer garbage.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"detail":"…","code":"forbidden"}`))
	}))
	defer refusing.Close()
	for name, c := range map[string]*user.Contacts{
		"a wrong token":       contacts(t, serve(t, known).URL, "wrong"),
		"another server":      contacts(t, elsewhere.URL, token),
		"nobody listening":    contacts(t, gone.URL, token),
		"garbage":             contacts(t, garbage.URL, token),
		"a server that can't": contacts(t, refusing.URL, token),
	} {
		if _, err := c.Contact(t.Context(), 3); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s: got %v, want an unavailable error", name, err)
		}
	}
}

// TestWhoAskForOneUserShareACall: a buyer of many orders is looked up once for all
// that are told at the same time.
func TestWhoAskForOneUserShareACall(t *testing.T) {
	const events = 20
	asked, answer := make(chan string, 2+events), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		<-answer
		_, _ = w.Write([]byte(`{"email":"an@example.com","locale":"vi"}`))
	}))
	defer server.Close()
	c := contacts(t, server.URL, token)
	var asking sync.WaitGroup
	ask := func(id int64) {
		asking.Go(func() {
			if got, err := c.Contact(t.Context(), id); err != nil || got.Email != "an@example.com" {
				t.Errorf("user %d: %+v, %v", id, got, err)
			}
		})
	}
	ask(3)
	first := <-asked // From now on whoever asks for user 3 joins.
	for range events {
		ask(3)
	}
	ask(4)
	if second := <-asked; second == first {
		t.Errorf("%s is asked for twice at the same time", second)
	}
	close(answer)
	asking.Wait()
	if n := len(asked); n > events/2 { // Who has not come by now asks once more.
		t.Errorf("%d more calls for %d who asked at the same time", n, events)
	}
}

func TestNewRefusesAnAddressThatIsNone(t *testing.T) {
	if _, err := user.New("user-service", telemetry.Nop(), token); err == nil {
		t.Error("no error")
	}
}
