// Command reference is the least that can answer: net/http, one JWT check, one
// prepared SELECT, or one GET of Redis, or nothing but the answer, and nothing of the
// shop. What it reaches is what the machine and the libraries allow; bench compares
// the shop with it.
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"
)

func main() {
	body := flag.String("body", "", "file whose bytes GET /products/{id} answers")
	secret := flag.String("secret", "", "file with the signing key of the tokens")
	database := flag.String("database", "", "SQLite file with a table users(id, username, is_active)")
	cache := flag.String("redis", "", "URL of the Redis that GET /products/{id} answers from; the other files are not needed then")
	answer := flag.String("answer", "", "JSON that answers every request; the other files are not needed then")
	listen := flag.String("listen", "127.0.0.1:0", "address")
	flag.Parse()
	var err error
	switch {
	case *answer != "":
		err = serve(*listen, says([]byte(*answer)))
	case *cache != "":
		err = serveRedis(*cache, *listen)
	default:
		err = serveFiles(*body, *secret, *database, *listen)
	}
	log.Fatal(err)
}

func serveFiles(body, secret, database, listen string) error {
	product, err := os.ReadFile(body)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(secret)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+database+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	find, err := db.Prepare("SELECT username, is_active FROM users WHERE id = ?")
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer find.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", says(product))
	mux.HandleFunc("POST /validate-token", validate(key, find))
	return serve(listen, mux)
}

func serveRedis(url, listen string) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		product, err := client.Get(r.Context(), "product:"+r.PathValue("id")).Bytes()
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(product)
	})
	return serve(listen, mux)
}

func says(answer []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // A connection is kept for what comes next only if this is read.
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}
}

func serve(listen string, h http.Handler) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}

func validate(key []byte, find *sql.Stmt) http.HandlerFunc {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	return func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Token string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, "bad JSON", http.StatusUnprocessableEntity)
			return
		}
		claims := jwt.MapClaims{}
		if _, err := parser.ParseWithClaims(request.Token, claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
			http.Error(w, "bad token", http.StatusUnauthorized)
			return
		}
		id, err := uid(claims)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		var username string
		var active bool
		if err := find.QueryRow(id).Scan(&username, &active); err != nil || !active {
			http.Error(w, "unknown user", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"valid": true, "username": username, "user_id": id, "message": "Token is valid"})
	}
}

func uid(claims jwt.MapClaims) (int64, error) {
	switch v := claims["uid"].(type) {
	case float64:
		return int64(v), nil
	case string:
		return strconv.ParseInt(v, 10, 64)
	}
	return 0, errors.New("no uid in the token")
}
