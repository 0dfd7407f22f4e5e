package service

import (
	"encoding/json"
	"net/http"
)

// answer is an admin route that sends what f returns. Its errors are shown as they
// are: the admin port is the operator's.
func answer(f func(*http.Request) (body any, status int, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, status, err := f(r)
		if err != nil {
			body = map[string]string{"detail": err.Error()}
		}
		b, err := json.Marshal(body)
		if err != nil {
			b, status = []byte(`{"detail":"the answer does not encode"}`), http.StatusInternalServerError
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(b) // Whoever asked has gone; nothing to be done.
	})
}
