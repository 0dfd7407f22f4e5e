package web

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// end ends the span. Only what is the server's fault makes it an error.
func (x *exchange) end(span trace.Span) {
	if x.mount.quiet {
		return
	}
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("http.response.status_code", x.status), attribute.String("url.path", x.r.URL.Path))
		if x.status >= http.StatusInternalServerError {
			reason := strconv.Itoa(x.status)
			if x.failure != nil {
				reason = x.failure.Code
			}
			span.SetAttributes(attribute.String("error.type", reason))
			span.SetStatus(codes.Error, reason)
		}
	}
	span.End()
}

// log writes the line of the access log. The path has no query: it may hold what
// must not be kept.
func (x *exchange) log(ctx context.Context, method string, end time.Time, duration time.Duration) {
	h, level := x.mount.h, slog.LevelInfo
	if x.mount.quiet && !h.cfg.Debug && x.status < http.StatusInternalServerError {
		level = slog.LevelDebug
	}
	if !h.log.Enabled(ctx, level) {
		return
	}
	// Without slog's own front door: it would look up the line of this source file
	// for every request.
	record := slog.NewRecord(end, level, "request", 0)
	record.AddAttrs(
		slog.String("method", method),
		slog.String("route", x.mount.route),
		slog.Int("status", x.status),
		slog.Int64("duration_us", duration.Microseconds()),
		slog.Int64("bytes", x.bytes),
	)
	if x.failure != nil {
		record.AddAttrs(slog.String("code", x.failure.Code))
	}
	if refusal(x.status) {
		record.AddAttrs(slog.String("event", refused))
	}
	_ = h.log.Handler().Handle(ctx, record) // As slog does: there is no place left to tell it.
}

// refused is the event of a request that was kept out; its status and code say why.
const refused = "request_refused"

func refusal(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	return false
}
