package logchannel_test

import (
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/logchannel"
)

func TestChannel(t *testing.T) {
	channeltest.Run(t, "", func(t *testing.T) channeltest.Rig {
		tel := testkit.Telemetry(t)
		return channeltest.Rig{
			Channel: logchannel.New(tel.Log),
			Received: func(*testing.T) (all []channeltest.Receipt) {
				for _, line := range tel.Logs("notification") {
					all = append(all, channeltest.Receipt{Identity: line.Text("notification_id"), Content: line.Text("subject")})
				}
				return all
			},
		}
	})
}

func TestWhatTheLogTells(t *testing.T) {
	tel := testkit.Telemetry(t)
	m := channeltest.Message("an@example.com")
	if err := logchannel.New(tel.Log).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	line := tel.Logs("notification")[0]
	for field, want := range map[string]any{
		"level": "INFO", "event": "order.created", "order_id": 7.0, "template": "order_created", "locale": "vi",
		"subject": "Xác nhận đơn hàng #7",
	} {
		if line[field] != want {
			t.Errorf("%s: got %v, want %v", field, line[field], want)
		}
	}
	for _, secret := range []string{m.Recipient, m.Text, m.HTML, m.Short, "Bàn phím"} {
		if strings.Contains(tel.LogText(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}
