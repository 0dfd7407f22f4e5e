package service

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// probeTimeout is how long health waits for an answer.
const probeTimeout = 3 * time.Second

// health asks the service of this configuration that is running, for a
// container's health check.
func (s Spec[C]) health(cmd *cobra.Command, _ []string) error {
	cfg, err := s.Load()
	if err != nil {
		return err
	}
	if err := probe(cmd.Context(), "http://"+reachable(cfg.Common().address())+"/readyz"); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "ready")
	return nil
}

// probe returns nil if url answers 200.
func probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // No proxy of the environment.
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("not reachable: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		const enough = 4 << 10 // bytes
		body, err := io.ReadAll(io.LimitReader(resp.Body, enough))
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return fmt.Errorf("not ready: %s %s", resp.Status, body)
	}
	return nil
}
