package domain

import "shop/kit/errs"

// Channel is one way of reaching people.
type Channel string

// The channels. Log is the one that is always there: it tells the operator, and
// carries nothing about the person.
const (
	Log   Channel = "log"
	Email Channel = "email"
	SMS   Channel = "sms"
	Push  Channel = "push"
)

// Channels lists every channel.
func Channels() []Channel { return []Channel{Log, Email, SMS, Push} }

// ParseChannel is the way back from storage and from operators.
func ParseChannel(s string) (Channel, error) {
	for _, c := range Channels() {
		if s == string(c) {
			return c, nil
		}
	}
	return "", errs.OneOf("log, email, sms, push")
}
