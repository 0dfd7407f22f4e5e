package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// askTime is how long a shop may take to say where it is.
const askTime = 10 * time.Second

// ErrNoShop says that no shop answers in a data directory.
var ErrNoShop = errors.New("no shop with --observe runs on this data directory")

func dial(ctx context.Context, dir string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path(dir))
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoShop, err)
	}
	return conn, nil
}

// Ask asks the shop in dir where it is; ErrNoShop if there is none.
func Ask(ctx context.Context, dir string) (About, error) {
	conn, err := dial(ctx, dir)
	if err != nil {
		return About{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askTime)); err != nil {
		return About{}, err
	}
	var about About
	if err := json.NewEncoder(conn).Encode(request{Ask: "about"}); err != nil {
		return about, err
	}
	return about, json.NewDecoder(conn).Decode(&about)
}

// Incident is a fault that has begun.
type Incident struct {
	conn  net.Conn
	lines *json.Decoder
}

// Make makes the fault called name in the shop in dir, and returns when it has
// happened. It lasts until Heal, or until this process ends.
func Make(ctx context.Context, dir, name string) (*Incident, error) {
	conn, err := dial(ctx, dir)
	if err != nil {
		return nil, err
	}
	i := &Incident{conn: conn, lines: json.NewDecoder(conn)}
	// A caller who gives up closes the connection, and the shop heals.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(request{Fault: name}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	a, err := i.next()
	if err == nil && !a.Began {
		err = errors.New("the shop has not said that it began")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the fault %s: %w", name, err), conn.Close())
	}
	return i, nil
}

// Heal ends the fault and returns when everything is as it was.
func (i *Incident) Heal() error {
	defer i.conn.Close()
	if err := i.conn.SetDeadline(time.Now().Add(healTime)); err != nil {
		return err
	}
	if err := json.NewEncoder(i.conn).Encode(request{Heal: true}); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	a, err := i.next()
	if err == nil && !a.Healed {
		err = errors.New("the shop has not said that it is healed")
	}
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	return nil
}

func (i *Incident) next() (answer, error) {
	var a answer
	if err := i.lines.Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}
