package domain

import (
	"fmt"
	"io"
	"log/slog"
)

const masked = "***"

// private is a text that belongs to one person. Formatting, logging or encoding
// it gives asterisks, so that it cannot slip into a log by accident; Text is the
// one way to read it.
type private struct{ text string }

// Text reveals the value.
func (p private) Text() string { return p.text }

// IsZero reports whether the value is absent.
func (p private) IsZero() bool { return p.text == "" }

// Format writes asterisks for every verb and flag.
func (private) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, masked) } // fmt has nowhere to report a failed write

// LogValue keeps the value out of structured logs.
func (private) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText keeps the value out of any encoding that was not asked by Text.
func (private) MarshalText() ([]byte, error) { return []byte(masked), nil }
