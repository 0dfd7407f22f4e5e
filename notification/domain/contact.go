package domain

import "slices"

// Contact is what a user has told about how to be reached; every field may be
// empty.
type Contact struct {
	Email     string
	Phone     string
	PushToken string
	Locale    Locale
}

// Address is where one channel reaches one user. Recipient is contact data: it
// belongs in no log, metric, span or reason. It is empty on the Log channel.
type Address struct {
	Channel   Channel
	Recipient string
}

// Addresses returns where the user is reached: one address for each configured
// channel that the user has given contact data for, in the order of Channels,
// and the log when there is none.
func (c Contact) Addresses(configured []Channel) []Address {
	given := map[Channel]string{Email: c.Email, SMS: c.Phone, Push: c.PushToken}
	var all []Address
	for _, channel := range Channels() {
		if to := given[channel]; to != "" && slices.Contains(configured, channel) {
			all = append(all, Address{Channel: channel, Recipient: to})
		}
	}
	if all == nil {
		return []Address{{Channel: Log}}
	}
	return all
}
