package web

import (
	"log/slog"
	"net/http"
	"time"
)

// ServerOptions bound what a connection may cost. Zero values are the defaults.
type ServerOptions struct {
	HeaderTimeout time.Duration // For the request line and headers; 5 s.
	ReadTimeout   time.Duration // For the whole request; 15 s.
	WriteTimeout  time.Duration // From the end of the headers to the end of the response; 60 s.
	IdleTimeout   time.Duration // Between two requests; 120 s, longer than any Client keeps a connection.
	HeaderBytes   int           // Of the request line and headers; 32 KiB.
	Log           *slog.Logger  // Errors of connections, as warnings; nil = none.
}

// Server returns an http.Server for h that slow and hostile clients can't hold
// up. The caller gives it a listener.
func Server(h http.Handler, o ServerOptions) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: or(o.HeaderTimeout, 5*time.Second),
		ReadTimeout:       or(o.ReadTimeout, 15*time.Second),
		WriteTimeout:      or(o.WriteTimeout, 60*time.Second),
		IdleTimeout:       or(o.IdleTimeout, 120*time.Second),
		MaxHeaderBytes:    or(o.HeaderBytes, 32<<10),
		// "OPTIONS *" is answered by h like everything else.
		DisableGeneralOptionsHandler: true,
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	return s
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
