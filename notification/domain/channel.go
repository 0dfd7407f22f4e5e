package domain

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
