package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// updates is how often Envoy has read its files, and how often it has refused
// what they say.
type updates struct{ read, refused int }

// updateStats are the figures of Envoy that say so.
const updateStats = `^(cluster_manager\.cds|listener_manager\.lds)\.update_(success|rejected|failure)$|^listener_manager\.listener_create_failure$`

func (a admin) updates(ctx context.Context) (updates, error) {
	text, err := a.call(ctx, http.MethodGet, "/stats?filter="+strings.NewReplacer("^", "%5E", "|", "%7C", `\`, "%5C").Replace(updateStats))
	if err != nil {
		return updates{}, err
	}
	var u updates
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		n, err := strconv.Atoi(value)
		if err != nil {
			return updates{}, fmt.Errorf("figures of Envoy: %q", lines.Text())
		}
		if !strings.HasSuffix(name, "_create_failure") {
			u.read += n
		}
		if !strings.HasSuffix(name, ".update_success") {
			u.refused += n
		}
	}
	return u, nil
}

// awaitUpdate returns when Envoy has read its files since before; an error says
// that it has not taken them.
func (a admin) awaitUpdate(ctx context.Context, before updates) error {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	again := time.NewTicker(adminPoll)
	defer again.Stop()
	last := before
	for {
		select {
		case <-ctx.Done():
			return errors.New("Envoy has not read it") //nolint:staticcheck // A name.
		case <-again.C:
		}
		now, err := a.updates(ctx)
		if err != nil {
			return err
		}
		if now.refused > before.refused {
			return errors.New("Envoy refuses it; its log says which part and why") //nolint:staticcheck // A name.
		}
		if now.read > before.read && now == last {
			return nil
		}
		last = now
	}
}
