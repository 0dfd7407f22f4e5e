// Package control is the socket by which a command reaches the shop that runs in
// a data directory: to ask where things are, and to make an incident for a drill.
//
// An incident lasts as long as the connection that asked for it: who made it may
// heal it, and when that process ends, however it ends, the shop does. There is
// one at a time.
//
// The protocol is one JSON object a line. {"ask":"about"} is answered by an About.
// {"fault":NAME} is answered by {"began":true} once it has happened; the next line,
// or the end of the connection, heals it, which is answered by {"healed":true}. Any
// answer may be {"error":TEXT} instead.
package control

import (
	"context"
	"path/filepath"
	"time"
)

// Socket is the name of the socket in the data directory.
const Socket = "control.sock"

// healTime is how long healing may take: a broker needs some seconds to start.
const healTime = 2 * time.Minute

// About says where a shop is and what looks at it.
type About struct {
	Host       string   `json:"host"`
	BasePort   int      `json:"base_port"`
	Prometheus string   `json:"prometheus"` // URL.
	Jaeger     string   `json:"jaeger"`     // URL.
	Factor     float64  `json:"factor"`     // All times of the rules are divided by it.
	Faults     []string `json:"faults"`     // That can be made here, sorted.
}

// Begin makes a fault happen. heal undoes it, and is called once; its ctx is not
// that of the incident.
type Begin func(ctx context.Context) (heal func(ctx context.Context) error, err error)

// request is what a client says.
type request struct {
	Ask   string `json:"ask,omitempty"`
	Fault string `json:"fault,omitempty"`
	Heal  bool   `json:"heal,omitempty"`
}

// answer is what the shop says to a fault.
type answer struct {
	Began  bool   `json:"began,omitempty"`
	Healed bool   `json:"healed,omitempty"`
	Error  string `json:"error,omitempty"`
}

func path(dir string) string { return filepath.Join(dir, Socket) }
