package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/lib/pq"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"
)

// ErrRefused says that an engine answered and doesn't let this client in.
var ErrRefused = errors.New("refused")

// Ping opens a session with the engine at address, a URL of any of the three
// kinds, running anywhere. It returns ErrRefused for a wrong password or the
// like, and other errors when it can't be reached. None repeats the password.
func Ping(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the URL of an engine is malformed")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	switch u.Scheme {
	case "postgresql", "postgres":
		err = askPostgres(ctx, address)
	case "redis", "rediss":
		err = askRedis(ctx, address)
	case "amqp", "amqps":
		err = askRabbitMQ(ctx, address)
	default:
		return fmt.Errorf("no engine is known by the scheme %q", u.Scheme)
	}
	if refuses(err) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// refuses reports whether err came from the engine itself.
func refuses(err error) bool {
	var (
		fromPostgres *pq.Error
		fromRedis    redis.Error
		fromRabbitMQ *amqp.Error
	)
	const invalidAuthorization, noDatabase = "28", "3D"
	switch {
	case errors.As(err, &fromPostgres):
		class := fromPostgres.Code.Class()
		return class == invalidAuthorization || class == noDatabase
	case errors.As(err, &fromRedis):
		return true
	case errors.As(err, &fromRabbitMQ):
		return fromRabbitMQ.Code == amqp.AccessRefused || fromRabbitMQ.Code == amqp.NotAllowed
	}
	return false
}
