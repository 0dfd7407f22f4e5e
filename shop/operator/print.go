package operator

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

const moment = "2006-01-02 15:04:05.000"

func grid(out io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(header)
	return t
}

func at(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.Format(moment)
}

// Print writes the report for a person.
func (r OrderReport) Print(out io.Writer) {
	if o := r.Order; o != nil {
		fmt.Fprintf(out, "Order %d of user %d: %d × %s (product %d) = %s, %s\n", o.ID, o.UserID, o.Quantity, o.ProductName, o.ProductID, o.TotalPrice, o.Status)
	} else {
		fmt.Fprintln(out, "The order was deleted.")
	}
	fmt.Fprintf(out, "Reservation %s: %s\n\nHistory\n", r.Reservation.ID, r.Reservation.Outcome)
	history := grid(out, "at", "status", "trace")
	for _, h := range r.History {
		history.AppendRow(table.Row{h.At.Format(moment), h.Status, h.TraceID})
	}
	history.Render()
	fmt.Fprintln(out, "\nEvents")
	events := grid(out, "#", "type", "occurred", "sent", "id", "trace")
	for _, e := range r.Events {
		events.AppendRow(table.Row{e.Sequence, e.Type, e.OccurredAt.Format(moment), at(e.SentAt), e.ID, e.TraceID})
	}
	events.Render()
	fmt.Fprintln(out, "\nNotifications")
	sent := grid(out, "event", "channel", "state", "attempts", "sent", "reason", "trace")
	for _, n := range r.Notifications {
		reason := ""
		if n.Reason != nil {
			reason = *n.Reason
		}
		sent.AppendRow(table.Row{n.Event, n.Channel, n.State, n.Attempts, at(n.SentAt), reason, n.TraceID})
	}
	sent.Render()
}

// PrintDeadLetters writes the list for a person.
func PrintDeadLetters(out io.Writer, list []DeadLetter) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No dead letters.")
		return
	}
	t := grid(out, "queue", "id", "type", "key", "attempts", "dead since", "reason", "trace")
	for _, d := range list {
		t.AppendRow(table.Row{d.Queue, d.ID, d.Type, d.Key, d.Attempts, d.DeadAt.Format(moment), d.Reason, d.TraceID})
	}
	t.Render()
}
