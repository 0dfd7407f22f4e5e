package observability

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Target is one page of metrics.
type Target struct {
	Job     string // As in prometheus/prometheus.yml, for instance shop.
	Service string // Whose metrics they are: the value of the label service.
	URL     string // The page, for instance http://127.0.0.1:15090/stats/prometheus?usedonly.
}

type scrapeFile struct {
	Global struct {
		Scrape   string `yaml:"scrape_interval"`
		Timeout  string `yaml:"scrape_timeout"`
		Evaluate string `yaml:"evaluation_interval"`
	}
	Rules []string    `yaml:"rule_files"`
	Jobs  []scrapeJob `yaml:"scrape_configs"`
}

type scrapeJob struct {
	Name    string        `yaml:"job_name"`
	Scheme  string        `yaml:"scheme"`
	Path    string        `yaml:"metrics_path"`
	Params  url.Values    `yaml:"params,omitempty"`
	Targets []scrapeGroup `yaml:"static_configs"`
}

type scrapeGroup struct {
	Targets []string
	Labels  map[string]string
}

// ScrapeConfig returns a prometheus.yml that scrapes targets and evaluates the
// files that the pattern rules matches, every Interval divided by factor, but not
// more often than once a second. Targets of one job have one path and query.
func ScrapeConfig(targets []Target, rules string, factor float64) ([]byte, error) {
	if factor < 1 {
		return nil, fmt.Errorf("a factor of %v: must be 1 or more", factor)
	}
	var file scrapeFile
	every := duration(max(time.Duration(float64(Interval)/factor), shortest))
	file.Global.Scrape, file.Global.Timeout, file.Global.Evaluate = every, every, every
	file.Rules = []string{rules}
	for _, t := range targets {
		if err := file.add(t); err != nil {
			return nil, fmt.Errorf("target %s of %s: %w", t.Job, t.Service, err)
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(file); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

func (f *scrapeFile) add(t Target) error {
	at, err := url.Parse(t.URL)
	if err != nil {
		return err
	}
	if at.Host == "" || at.Path == "" {
		return fmt.Errorf("%q: must have a host and a path", t.URL)
	}
	group := scrapeGroup{[]string{at.Host}, map[string]string{"service": t.Service}}
	query := at.Query()
	i := slices.IndexFunc(f.Jobs, func(j scrapeJob) bool { return j.Name == t.Job })
	if i < 0 {
		f.Jobs = append(f.Jobs, scrapeJob{t.Job, at.Scheme, at.Path, query, []scrapeGroup{group}})
		return nil
	}
	job := &f.Jobs[i]
	if job.Scheme != at.Scheme || job.Path != at.Path || job.Params.Encode() != query.Encode() {
		return fmt.Errorf("%s: another page than that of %s", t.URL, job.Targets[0].Targets[0])
	}
	job.Targets = append(job.Targets, group)
	return nil
}
