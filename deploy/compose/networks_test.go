package compose_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// reach is who can open a connection to whom: the parts that share a network.
// Prometheus and whom it looks at stand in a line of their own.
var reach = map[string]string{
	"edge":                           "jaeger notification order product prometheus user",
	"user":                           "edge jaeger notification order postgres-exporter-user postgres-user product prometheus",
	"product":                        "edge jaeger notification order postgres-exporter-product postgres-product prometheus rabbitmq redis redis-exporter user",
	"order":                          "edge jaeger notification postgres-exporter-order postgres-order product prometheus rabbitmq user",
	"notification":                   "edge jaeger mailpit order postgres-exporter-notification postgres-notification product prometheus rabbitmq user",
	"mesh-ca":                        "postgres-exporter-notification postgres-exporter-order postgres-exporter-product postgres-exporter-user prometheus redis-exporter",
	"secrets":                        "",
	"postgres-user":                  "postgres-exporter-user user",
	"postgres-product":               "postgres-exporter-product product",
	"postgres-order":                 "order postgres-exporter-order",
	"postgres-notification":          "notification postgres-exporter-notification",
	"redis":                          "product redis-exporter",
	"rabbitmq":                       "notification order product prometheus",
	"mailpit":                        "notification",
	"jaeger":                         "edge grafana notification order product prometheus user",
	"grafana":                        "jaeger prometheus",
	"redis-exporter":                 "mesh-ca postgres-exporter-notification postgres-exporter-order postgres-exporter-product postgres-exporter-user product prometheus redis",
	"postgres-exporter-user":         "mesh-ca postgres-exporter-notification postgres-exporter-order postgres-exporter-product postgres-user prometheus redis-exporter user",
	"postgres-exporter-product":      "mesh-ca postgres-exporter-notification postgres-exporter-order postgres-exporter-user postgres-product product prometheus redis-exporter",
	"postgres-exporter-order":        "mesh-ca order postgres-exporter-notification postgres-exporter-product postgres-exporter-user postgres-order prometheus redis-exporter",
	"postgres-exporter-notification": "mesh-ca notification postgres-exporter-order postgres-exporter-product postgres-exporter-user postgres-notification prometheus redis-exporter",
	"prometheus": "edge grafana jaeger mesh-ca notification order postgres-exporter-notification postgres-exporter-order postgres-exporter-product " +
		"postgres-exporter-user product rabbitmq redis-exporter user",
}

func TestEveryPartReachesWhatItMustAndNothingElse(t *testing.T) {
	p := running(load(t, nil))
	for _, from := range names(p) {
		var to []string
		for _, other := range names(p) {
			if other != from && together(p.Services[from], p.Services[other]) {
				to = append(to, other)
			}
		}
		if want, known := reach[from]; !known || join(to) != want {
			t.Errorf("%s reaches\n  %s\nwant\n  %s", from, join(to), want)
		}
	}
	if len(reach) != len(p.Services) {
		t.Errorf("the table has %d parts, the file %d", len(reach), len(p.Services))
	}
}

// running returns p without what is started by hand only.
func running(p *types.Project) *types.Project {
	kept := *p
	kept.Services = maps.Clone(p.Services)
	maps.DeleteFunc(kept.Services, func(_ string, s types.ServiceConfig) bool { return len(s.Profiles) > 0 })
	return &kept
}

func together(a, b types.ServiceConfig) bool {
	for name := range a.Networks {
		if _, shared := b.Networks[name]; shared {
			return true
		}
	}
	return false
}

func TestOnlyNotificationHasAWayOut(t *testing.T) {
	p := load(t, nil)
	for name, network := range p.Networks {
		if name == "default" {
			t.Error("there is a default network")
		}
		out := !network.Internal && network.DriverOpts["com.docker.network.bridge.enable_ip_masquerade"] != "false"
		if out != (name == "mail") {
			t.Errorf("network %s leads out: %t", name, out)
		}
	}
	for _, name := range names(p) {
		if _, out := p.Services[name].Networks["mail"]; out && name != "notification" && name != "mailpit" {
			t.Errorf("%s has a way out", name)
		}
	}
}

func TestAPublishedPortHasANetworkThatTheHostReaches(t *testing.T) {
	p := load(t, nil)
	for _, name := range names(p) {
		s := p.Services[name]
		reached := slices.ContainsFunc(slices.Collect(maps.Keys(s.Networks)), func(network string) bool { return !p.Networks[network].Internal })
		if len(s.Ports) > 0 && !reached {
			t.Errorf("%s publishes a port, but is in internal networks only", name)
		}
	}
}

// published are the ports of this machine that clients of the system before know,
// and Mailpit's.
var published = map[string]string{
	"edge":                  "8001:8001 8002:8002 8003:8003 8004:8004",
	"postgres-user":         "5433:5432",
	"postgres-product":      "5434:5432",
	"postgres-order":        "5435:5432",
	"postgres-notification": "5436:5432",
	"redis":                 "6379:6379",
	"rabbitmq":              "5672:5672 15672:15672",
	"grafana":               "3000:3000",
	"prometheus":            "9090:9090",
	"jaeger":                "16686:16686",
	"mailpit":               "8025:8025",
}

func TestPortsAreThoseThatClientsKnow(t *testing.T) {
	for bind, environ := range map[string][]string{"127.0.0.1": nil, "0.0.0.0": {"SHOP_BIND=0.0.0.0"}} {
		p := load(t, environ)
		for _, name := range names(p) {
			var got []string
			for _, port := range p.Services[name].Ports {
				got = append(got, fmt.Sprintf("%s:%d", port.Published, port.Target))
				if port.HostIP != bind {
					t.Errorf("%s listens at %s, want %s", name, port.HostIP, bind)
				}
			}
			if join(got) != published[name] {
				t.Errorf("%s publishes %q, want %q", name, join(got), published[name])
			}
		}
	}
}

func TestEveryPublishedPortCanBeAnother(t *testing.T) {
	for line := range strings.Lines(read(t, "docker-compose.yml")) {
		if strings.Contains(line, "SHOP_BIND:-") && !strings.Contains(line, "_PORT:-") {
			t.Errorf("a port that is in use can't be changed: %s", line)
		}
	}
}

func TestServicesCanBeScaled(t *testing.T) {
	p := load(t, nil)
	for _, name := range names(p) {
		if p.Services[name].ContainerName != "" {
			t.Errorf("%s has a name that only one container can have", name)
		}
	}
	for _, name := range services {
		if s := p.Services[name]; len(s.Ports) > 0 || s.Hostname != "" {
			t.Errorf("%s has a port or a host name that only one container can have", name)
		}
	}
}
