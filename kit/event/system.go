package event

// Named is a bus whose technology and exchange traces call by name.
type Named interface {
	// Messaging returns the values of messaging.system and of the exchange that is
	// part of messaging.destination.name, OpenTelemetry's semantic conventions.
	Messaging() (system, exchange string)
}

// Messaging returns what p says if it is Named, else nothing.
func Messaging(p Publisher) (system, exchange string) {
	if named, ok := p.(Named); ok {
		return named.Messaging()
	}
	return "", ""
}
