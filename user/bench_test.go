package user_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/telemetry"

	"shop/user"
)

// bare is POST /validate-token in a few lines of net/http: one JWT check and one
// prepared SELECT on the same database, and nothing of what a service is beside
// that.
func bare(b *testing.B, path string) http.Handler {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_query_only=1")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	live, err := db.PrepareContext(b.Context(), `SELECT u.username FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = ? AND s.id = ? AND u.is_active`)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = live.Close(), db.Close() })
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	type claims struct {
		jwt.RegisteredClaims
		User    int64  `json:"uid"`
		Session string `json:"sid"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Token string `json:"token"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&request); err != nil {
			http.Error(w, "bad request", http.StatusUnprocessableEntity)
			return
		}
		response := struct {
			Valid    bool    `json:"valid"`
			Username *string `json:"username"`
			UserID   *int64  `json:"user_id"`
			Message  string  `json:"message"`
		}{Message: "Token is invalid or expired"}
		var c claims
		_, err := parser.ParseWithClaims(request.Token, &c, func(*jwt.Token) (any, error) { return []byte(secretKey), nil })
		if err == nil {
			var name string
			if err := live.QueryRowContext(r.Context(), c.User, c.Session).Scan(&name); err == nil {
				response.Valid, response.Username, response.UserID, response.Message = true, &name, &c.User, "Token is valid"
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(response) // Whoever asked has gone.
	})
}

// BenchmarkValidateToken compares the service with bare, each as a handler alone
// and over sockets.
func BenchmarkValidateToken(b *testing.B) {
	cfg := servicetest.Config(b, user.Spec(), environment("LOG_LEVEL", "warn"))
	tel, err := telemetry.New(b.Context(), telemetry.Config{Service: "user", Version: "0", Level: "warn", LogWriter: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	in, _ := servicetest.Start(b, user.Spec(), cfg, service.Parts{Tel: tel})
	body := func() string {
		form := url.Values{"username": {"anna"}, "password": {password}}
		account := `{"username":"anna","password":"` + password + `"}`
		for _, call := range []struct{ path, contentType, body string }{
			{"/register", "application/json", account}, {"/login", "application/x-www-form-urlencoded", form.Encode()},
		} {
			response, err := http.Post(in.URL()+call.path, call.contentType, strings.NewReader(call.body))
			if err != nil {
				b.Fatal(err)
			}
			var grant struct {
				Token string `json:"access_token"`
			}
			err = json.NewDecoder(response.Body).Decode(&grant)
			if closing := response.Body.Close(); err != nil || closing != nil {
				b.Fatal(err, closing)
			}
			if grant.Token != "" {
				return `{"token":"` + grant.Token + `"}`
			}
		}
		b.Fatal("no token")
		return ""
	}()
	handlers := []struct {
		name    string
		handler http.Handler
	}{
		{"service", in.Service.Handler},
		{"bare", bare(b, strings.TrimPrefix(string(cfg.DatabaseURL), "sqlite:///"))},
	}
	for _, h := range handlers {
		b.Run("handler/"+h.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest(http.MethodPost, "/validate-token", strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					h.handler.ServeHTTP(w, r)
					if !bytes.HasPrefix(w.Body.Bytes(), []byte(`{"valid":true`)) {
						b.Error(w.Body.String())
						return
					}
				}
			})
		})
	}
	for _, h := range handlers {
		b.Run("http/"+h.name, func(b *testing.B) { overHTTP(b, h.handler, body) })
	}
}

func overHTTP(b *testing.B, handler http.Handler, body string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // Ends with Close.
	b.Cleanup(func() { _ = server.Close() })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Post("http://"+listener.Addr().String()+"/validate-token", "application/json", strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, response.Body)
			if closing := response.Body.Close(); err != nil || closing != nil {
				b.Error(err, closing)
				return
			}
		}
	})
}
