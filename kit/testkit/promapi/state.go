package promapi

import (
	"context"
	"net/url"
)

// Alert is one alert of a Prometheus.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"` // pending or firing.
}

// Name returns the name of the rule of a.
func (a Alert) Name() string { return a.Labels["alertname"] }

// Alerts returns the alerts that are pending or fire now.
func (c *Client) Alerts(ctx context.Context) ([]Alert, error) {
	var data struct {
		Alerts []Alert `json:"alerts"`
	}
	err := c.get(ctx, "/api/v1/alerts", nil, &data)
	return data.Alerts, err
}

// Firing returns the alerts that fire now, not those that are pending.
func (c *Client) Firing(ctx context.Context) ([]Alert, error) {
	alerts, err := c.Alerts(ctx)
	var firing []Alert
	for _, a := range alerts {
		if a.State == "firing" {
			firing = append(firing, a)
		}
	}
	return firing, err
}

// Rule is a rule as Prometheus has carried it out.
type Rule struct {
	Name   string `json:"name"`
	Kind   string `json:"type"` // recording or alerting.
	Query  string `json:"query"`
	Health string `json:"health"`    // ok, err, or unknown before the first time.
	Error  string `json:"lastError"` // Of the last time.
	Group  string `json:"-"`
}

// Rules returns all rules.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	var data struct {
		Groups []struct {
			Name  string `json:"name"`
			Rules []Rule `json:"rules"`
		} `json:"groups"`
	}
	err := c.get(ctx, "/api/v1/rules", nil, &data)
	var rules []Rule
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			r.Group = g.Name
			rules = append(rules, r)
		}
	}
	return rules, err
}

// Target is what Prometheus scrapes.
type Target struct {
	Labels map[string]string `json:"labels"`
	URL    string            `json:"scrapeUrl"`
	Health string            `json:"health"`    // up, down, or unknown before the first scrape.
	Error  string            `json:"lastError"` // Of the last scrape.
}

// Targets returns all that is scraped.
func (c *Client) Targets(ctx context.Context) ([]Target, error) {
	var data struct {
		Active []Target `json:"activeTargets"`
	}
	err := c.get(ctx, "/api/v1/targets", url.Values{"state": {"active"}}, &data)
	return data.Active, err
}
