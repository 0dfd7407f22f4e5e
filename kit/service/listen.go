package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen binds host:port. Nothing is answered on it before Run serves it, so
// several services can take their places first and begin together. The error is
// one clear line.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use: stop what listens there or choose another port", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be used by this user: choose a port above 1023", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine", address)
	default:
		return nil, fmt.Errorf("listen: %w", err)
	}
}

// URL returns the address that clients of this machine use, "" before Run has
// bound it.
func (i *Instance) URL() string { return i.public.url() }

// AdminURL returns the address of the admin port, like URL.
func (i *Instance) AdminURL() string { return i.admin.url() }

// reachable returns the address to connect to for one that was listened on.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
