package user_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"shop/kit/openapi/openapitest"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"
	"shop/kit/web"

	"shop/user"
)

const (
	secretKey     = "a key of a test, which nobody else has"
	internalToken = "an internal token of a test"
	password      = "mật-khẩu-123"
)

// server is the whole service behind a real socket, with a clock that stands
// still. Every exchange is held to openapi.yaml.
type server struct {
	t      *testing.T
	url    string
	client *http.Client
	clock  *testkit.Clock
	tel    *testkit.Captured
	cfg    user.Config
	in     *service.Instance
	stop   func()
}

func spec(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// environment is what a test's service is configured by; more wins.
func environment(more ...string) map[string]string {
	e := map[string]string{"SECRET_KEY": secretKey, "INTERNAL_TOKEN": internalToken, "BCRYPT_COST": "4"}
	for i := 0; i+1 < len(more); i += 2 {
		e[more[i]] = more[i+1]
	}
	return e
}

// start runs the service with these settings, NAME, value, NAME, value, …
func start(t *testing.T, settings ...string) *server {
	t.Helper()
	return run(t, servicetest.Config(t, user.Spec(), environment(settings...)), testkit.NewClock(time.Time{}))
}

func run(t *testing.T, cfg user.Config, clock *testkit.Clock) *server {
	t.Helper()
	s := &server{t: t, clock: clock, tel: testkit.Telemetry(t), cfg: cfg}
	s.in, s.stop = servicetest.Start(t, user.Spec(), cfg, service.Parts{Tel: s.tel.Telemetry, Now: clock.Now})
	s.url = s.in.URL()
	s.client = openapitest.Load(t, spec(t)).Client(t)
	return s
}

// answer is a response that has been read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// do sends a request; headers are given as name, value, name, value, …
func (s *server) do(method, path, contentType, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{s.t, response.StatusCode, response.Header, string(b)}
}

func (s *server) json(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		text = string(b)
	}
	return s.do(method, path, "application/json", text, headers...)
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

type object = map[string]any

// read returns the body as an object.
func (a answer) read() object {
	a.t.Helper()
	var o object
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		a.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return o
}

func (a answer) text(field string) string {
	a.t.Helper()
	return fmt.Sprint(a.read()[field])
}

// want fails the test unless the answer has this status and, of errors, this
// code ("" = any).
func (a answer) want(status int, code string) answer {
	a.t.Helper()
	if a.status != status || code != "" && a.text("code") != code {
		a.t.Fatalf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	return a
}

// wantDetail fails the test unless an error reads like this.
func (a answer) wantDetail(detail string) {
	a.t.Helper()
	if got := a.text("detail"); got != detail {
		a.t.Errorf("the detail is %q, want %q", got, detail)
	}
}

// faults returns the faults of a 422 as "place: type", in their order.
func (a answer) faults() []string {
	a.t.Helper()
	var body struct {
		Detail []struct {
			Loc  []any  `json:"loc"`
			Msg  string `json:"msg"`
			Type string `json:"type"`
		} `json:"detail"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != http.StatusUnprocessableEntity {
		a.t.Fatalf("got %d %s, want a list of faults: %v", a.status, a.body, err)
	}
	faults := []string{}
	for _, f := range body.Detail {
		place := make([]string, len(f.Loc))
		for i, step := range f.Loc {
			place[i] = fmt.Sprint(step)
		}
		if f.Msg == "" {
			a.t.Errorf("a fault without a text: %s", a.body)
		}
		faults = append(faults, strings.Join(place, ".")+": "+f.Type)
	}
	return faults
}

func (s *server) register(name string) answer {
	s.t.Helper()
	return s.json("POST", "/register", object{"username": name, "password": password})
}

func (s *server) login(name, password string) answer {
	s.t.Helper()
	form := url.Values{"username": {name}, "password": {password}}
	return s.do("POST", "/login", "application/x-www-form-urlencoded", form.Encode())
}

// grant is the tokens of a session.
type grant struct{ access, refresh string }

func grantOf(a answer) grant {
	a.t.Helper()
	a.want(http.StatusOK, "")
	return grant{a.text("access_token"), a.text("refresh_token")}
}

// enter registers, if need be, and logs in.
func (s *server) enter(name string) grant {
	s.t.Helper()
	if a := s.register(name); a.status != http.StatusCreated {
		a.want(http.StatusBadRequest, "username_taken")
	}
	return grantOf(s.login(name, password))
}

func (s *server) refresh(token string) answer {
	s.t.Helper()
	return s.json("POST", "/refresh", object{"refresh_token": token})
}

func (s *server) wantValid(token string, valid bool) {
	s.t.Helper()
	a := s.json("POST", "/validate-token", object{"token": token}).want(http.StatusOK, "")
	if got := a.read()["valid"]; got != valid {
		s.t.Errorf("valid = %v, want %v", got, valid)
	}
}

func TestTheRoutesAreThoseOfTheDocument(t *testing.T) {
	s := start(t)
	openapitest.Covers(t, spec(t), web.RoutesOf(s.in.Service.Handler))
}

func TestPlatform(t *testing.T) {
	s := start(t, "APP_VERSION", "1.2.3")
	welcome := s.do("GET", "/", "", "").want(http.StatusOK, "")
	const want = `{"message":"Welcome to User Service API","service":"User Service","version":"1.2.3","docs":"/docs","redoc":"/redoc"}`
	if welcome.body != want {
		t.Errorf("got %s, want %s", welcome.body, want)
	}
	health := s.do("GET", "/health", "", "").want(http.StatusOK, "")
	if !strings.HasPrefix(health.body, `{"status":"healthy","service":"User Service","version":"1.2.3","database":{`) {
		t.Errorf("got %s", health.body)
	}
	for _, path := range []string{"/livez", "/readyz", "/docs", "/redoc", "/openapi.json"} {
		s.do("GET", path, "", "").want(http.StatusOK, "")
	}
	s.do("GET", "/users", "", "").want(http.StatusNotFound, "route_not_found")
	s.do("GET", "/metrics", "", "").want(http.StatusNotFound, "route_not_found")
	if a := s.do("GET", "/login", "", "").want(http.StatusMethodNotAllowed, ""); a.header.Get("Allow") != "POST" {
		t.Errorf("Allow: %s", a.header.Get("Allow"))
	}
}

func TestStateOutlivesARestart(t *testing.T) {
	cfg := servicetest.Config(t, user.Spec(), environment())
	clock := testkit.NewClock(time.Time{})
	before := run(t, cfg, clock)
	session, gone := before.enter("an.nguyen"), before.enter("an.nguyen")
	before.do("POST", "/logout", "", "", bearer(gone.access)...).want(http.StatusNoContent, "")
	for range 10 {
		before.login("nobody", "wrong").want(http.StatusUnauthorized, "bad_credentials")
	}
	before.stop()

	after := run(t, cfg, clock)
	after.wantValid(session.access, true)
	after.wantValid(gone.access, false)
	after.refresh(gone.refresh).want(http.StatusUnauthorized, "refresh_invalid")
	after.refresh(session.refresh).want(http.StatusOK, "")
	after.login("AN.NGUYEN", password).want(http.StatusOK, "")
	after.login("nobody", "wrong").want(http.StatusTooManyRequests, "login_throttled")
}
