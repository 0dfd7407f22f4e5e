package observe_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/shop/observe"
)

func post(t *testing.T, url, body string) (status int, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func TestAGatewayTakesMessagesUntilItIsGone(t *testing.T) {
	g, err := observe.OpenGateway(t.Context(), "127.0.0.1:"+strconv.Itoa(testkit.FreePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	for body, want := range map[string]int{`{"to":"+1"}`: http.StatusAccepted, "text": http.StatusBadRequest} {
		if got, err := post(t, g.SMS(), body); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", body, got, err, want)
		}
	}
	if got, err := post(t, strings.Replace(g.Push(), "push", "pigeon", 1), "{}"); err != nil || got != http.StatusNotFound {
		t.Errorf("by pigeon: %d, %v", got, err)
	}
	if g.Taken("sms") != 1 || g.Taken("push") != 0 {
		t.Errorf("took %d and %d", g.Taken("sms"), g.Taken("push"))
	}
	for range 2 { // The second time there is nothing to do.
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := post(t, g.Push(), "{}"); err == nil {
		t.Error("a gateway that is gone answers")
	}
	for range 2 {
		if err := g.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := post(t, g.Push(), "{}"); err != nil || g.Taken("push") != 1 {
		t.Errorf("took %d, %v", g.Taken("push"), err)
	}
}

func TestWhatTheOperatorHasSetHolds(t *testing.T) {
	s, err := observe.New(observe.Options{Dir: t.TempDir(), BasePort: 8001, Factor: 1})
	if err != nil {
		t.Fatal(err)
	}
	environ := map[string]string{"SMS_URL": "https://sms.example.com", "PUSH_URL_FILE": "/run/secrets/push"}
	s.Environ(environ)
	for name, want := range map[string]string{
		"SMS_URL": "https://sms.example.com", "PUSH_URL": "",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:10003", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_EXPORTER": "otlp",
	} {
		if environ[name] != want {
			t.Errorf("%s is %q, want %q", name, environ[name], want)
		}
	}
	environ = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
	s.Environ(environ)
	if environ["OTEL_EXPORTER_OTLP_PROTOCOL"] != "" || environ["SMS_URL"] != "http://127.0.0.1:10009/sms" {
		t.Errorf("settings %v", environ)
	}
}

func TestWrongOptions(t *testing.T) {
	for name, o := range map[string]observe.Options{
		"no port":              {Dir: t.TempDir(), Factor: 1},
		"times made longer":    {Dir: t.TempDir(), BasePort: 8001, Factor: 0.5},
		"times without an end": {Dir: t.TempDir(), BasePort: 8001},
	} {
		if _, err := observe.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestWhatIsMissingIsNamed: nothing is left running beside the error.
func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv("JAEGER", "")
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	base := testkit.FreePort(t) - observe.PortDistance - observe.GatewayPort
	s, err := observe.New(observe.Options{Dir: t.TempDir(), BasePort: base, Factor: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Start(t.Context(), observe.Observed{Redis: &url.URL{Scheme: "redis", Host: "127.0.0.1:1"}})
	if err == nil || !strings.Contains(err.Error(), "scripts/test.sh prerequisites") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that says how to get it", err)
	}
	if _, err := post(t, s.Gateway().SMS(), "{}"); err == nil {
		t.Error("the gateway is left running")
	}
}
