package gateway_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/testkit"
	"shop/notification/adapters/gateway"
	"shop/notification/domain"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	clock := testkit.NewClock(time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC))
	later := func(value string) http.Header { return http.Header{"Retry-After": {value}} }
	tests := map[string]struct {
		answer testkit.Answer
		want   *errs.Error // nil: taken.
		reason string
		after  time.Duration
	}{
		"taken":                       {testkit.Answer{Status: 200}, nil, "", 0},
		"taken for later":             {testkit.Answer{Status: 202, Body: `{"id":1}`}, nil, "", 0},
		"taken without a word":        {testkit.Answer{Status: 204}, nil, "", 0},
		"taken with a huge answer":    {testkit.Answer{Status: 200, Body: strings.Repeat("x", 1<<20)}, nil, "", 0},
		"moved":                       {testkit.Answer{Status: 307, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}, domain.ErrRejected, "http 307", 0},
		"malformed":                   {testkit.Answer{Status: 400}, domain.ErrRejected, "http 400", 0},
		"not allowed":                 {testkit.Answer{Status: 403}, domain.ErrRejected, "http 403", 0},
		"gone":                        {testkit.Answer{Status: 410, Header: later("60")}, domain.ErrRejected, "http 410", 0},
		"too slow":                    {testkit.Answer{Status: 408}, domain.ErrUndelivered, "http 408", 0},
		"too early":                   {testkit.Answer{Status: 425}, domain.ErrUndelivered, "http 425", 0},
		"too many":                    {testkit.Answer{Status: 429}, domain.ErrUndelivered, "http 429", 0},
		"too many, seconds":           {testkit.Answer{Status: 429, Header: later("90")}, domain.ErrUndelivered, "http 429", 90 * time.Second},
		"too many, a date":            {testkit.Answer{Status: 429, Header: later("Sat, 14 Mar 2026 15:10:26 GMT")}, domain.ErrUndelivered, "http 429", time.Minute},
		"too many, a past date":       {testkit.Answer{Status: 429, Header: later("Sat, 14 Mar 2020 15:10:26 GMT")}, domain.ErrUndelivered, "http 429", 0},
		"too many, an absurd wish":    {testkit.Answer{Status: 429, Header: later("99999999999999999999")}, domain.ErrUndelivered, "http 429", 0},
		"too many, a negative wish":   {testkit.Answer{Status: 429, Header: later("-5")}, domain.ErrUndelivered, "http 429", 0},
		"out of order":                {testkit.Answer{Status: 500}, domain.ErrUndelivered, "http 500", 0},
		"away for a while":            {testkit.Answer{Status: 503, Header: later("5")}, domain.ErrUndelivered, "http 503", 5 * time.Second},
		"a status nobody has defined": {testkit.Answer{Status: 599}, domain.ErrUndelivered, "http 599", 0},
		"hung up":                     {testkit.Answer{Drop: true}, domain.ErrUndelivered, "no answer", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sink := testkit.HTTPSink(t)
			sink.Script(tt.answer)
			g, err := gateway.New(sink.URL+"/hook?key=s3cret", "t0ken", clock.Now)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			err = g.Post(t.Context(), "ev.sms", []byte(`{}`), nil)
			if got := len(sink.Requests()); got != 1 {
				t.Errorf("requests: got %d, want 1", got)
			}
			if tt.want == nil {
				if err != nil {
					t.Errorf("got %v, want none", err)
				}
				return
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want.Code)
			}
			if e := errs.Of(err); e.Params["reason"] != tt.reason || e.RetryAfter != tt.after {
				t.Errorf("got reason %q after %v, want %q after %v", e.Params["reason"], e.RetryAfter, tt.reason, tt.after)
			}
			if text := err.Error(); strings.Contains(text, "s3cret") || strings.Contains(text, "t0ken") {
				t.Errorf("the error tells a secret: %s", text)
			}
		})
	}
}

func TestWhatIsSent(t *testing.T) {
	sink := testkit.HTTPSink(t)
	g, err := gateway.New(sink.URL+"/hook?key=s3cret", "t0ken", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.Post(t.Context(), "ev.sms", []byte(`{"a":1}`), http.Header{"x-more": {"yes"}}); err != nil {
		t.Fatal(err)
	}
	r := sink.Requests()[0]
	if r.Method != http.MethodPost || r.Path != "/hook?key=s3cret" || string(r.Body) != `{"a":1}` {
		t.Errorf("got %s %s %s", r.Method, r.Path, r.Body)
	}
	for header, want := range map[string]string{
		"Authorization": "Bearer t0ken", "Idempotency-Key": "ev.sms", "Content-Type": "application/json", "X-More": "yes",
		"Traceparent": "", "X-Request-Id": "", "X-Internal-Token": "",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

// TestNothingIsSentTwice: also not over a connection that was good before, which
// net/http would try again by itself.
func TestNothingIsSentTwice(t *testing.T) {
	sink := testkit.HTTPSink(t)
	sink.Script(testkit.Answer{}, testkit.Answer{Drop: true})
	g, err := gateway.New(sink.URL, "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.Post(t.Context(), "a.sms", []byte(`{}`), nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Post(t.Context(), "b.sms", []byte(`{}`), nil); !errors.Is(err, domain.ErrUndelivered) {
		t.Errorf("got %v, want ErrUndelivered", err)
	}
	if got := len(sink.Requests()); got != 2 {
		t.Errorf("requests: got %d, want 2", got)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, address := range []string{"", "gateway", "ftp://host/x", "http://", "://", "http://a b", "file:///etc/passwd"} {
		if _, err := gateway.New(address, "", time.Now); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}
