package compose_test

import (
	"net"
	"slices"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"

	"shop/mesh/policy"
)

// scrape is what matters here of prometheus.yml.
type scrape struct {
	Configs []struct {
		Job string `yaml:"job_name"`
		DNS []struct {
			Names []string `yaml:"names"`
			Port  int      `yaml:"port"`
		} `yaml:"dns_sd_configs"`
		Static []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

// targets returns host and port of everything that Prometheus looks at.
func targets(t *testing.T) map[string][]int {
	t.Helper()
	var s scrape
	if err := yaml.Unmarshal([]byte(read(t, "observability/prometheus/prometheus.yml")), &s); err != nil {
		t.Fatal(err)
	}
	found := map[string][]int{}
	for _, c := range s.Configs {
		for _, d := range c.DNS {
			for _, name := range d.Names {
				found[name] = append(found[name], d.Port)
			}
		}
		for _, static := range c.Static {
			for _, target := range static.Targets {
				host, port, err := net.SplitHostPort(target)
				if err != nil {
					t.Fatal(err)
				}
				n, err := strconv.Atoi(port)
				if err != nil {
					t.Fatal(err)
				}
				found[host] = append(found[host], n)
			}
		}
	}
	return found
}

func TestPrometheusReachesWhatItLooksAt(t *testing.T) {
	p := load(t, nil)
	for host := range targets(t) {
		s, known := p.Services[host]
		if host == "localhost" {
			continue
		}
		if !known || !together(s, p.Services["prometheus"]) {
			t.Errorf("Prometheus looks for %s, which it can't reach", host)
		}
	}
	for _, flag := range []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.retention.time=35d", "--enable-feature=exemplar-storage"} {
		if !slices.Contains(p.Services["prometheus"].Command, flag) {
			t.Errorf("Prometheus lacks %s", flag)
		}
	}
}

// The policy says where sidecars listen, the file where agents, authority and
// services do; Prometheus has to look there.
func TestPortsAreThoseThatPrometheusLooksAt(t *testing.T) {
	mesh, err := policy.Parse("mesh.yaml", []byte(read(t, "mesh/mesh.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	p, looked := load(t, nil), targets(t)
	for n, name := range append([]string{"edge"}, services...) {
		s := p.Services[name]
		_, port, err := net.SplitHostPort(*s.Environment["MESH_METRICS"])
		if err != nil {
			t.Fatal(err)
		}
		agent, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		want := []int{mesh.Sidecar.Stats, agent}
		if n > 0 {
			want = append([]int{mesh.Services[name].Port + 1000}, want...)
			if host := s.Environment["ADMIN_HOST"]; host == nil || *host != "0.0.0.0" {
				t.Errorf("%s: nobody reaches its admin port", name)
			}
		}
		if !slices.Equal(looked[name], want) {
			t.Errorf("Prometheus looks at the ports %v of %s, want %v", looked[name], name, want)
		}
	}
	ca := p.Services["mesh-ca"].Command
	if at := slices.Index(ca, "--admin"); at < 0 || !slices.Equal(looked["mesh-ca"], []int{15092}) || ca[at+1] != "0.0.0.0:15092" {
		t.Errorf("the authority is told %v, Prometheus looks at %v", ca, looked["mesh-ca"])
	}
}

// What a service calls is what its sidecar offers on loopback.
func TestServicesCallEachOtherThroughTheirSidecars(t *testing.T) {
	mesh, err := policy.Parse("mesh.yaml", []byte(read(t, "mesh/mesh.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, nil)
	variable := map[string]string{"user": "USER_SERVICE_URL", "product": "PRODUCT_SERVICE_URL", "order": "ORDER_SERVICE_URL"}
	for _, name := range services {
		environ := p.Services[name].Environment
		for _, callee := range mesh.Callees(name) {
			want := "http://127.0.0.1:" + strconv.Itoa(mesh.Services[callee].Egress)
			if got := environ[variable[callee]]; got == nil || *got != want {
				t.Errorf("%s finds %s at %v, want %s", name, callee, got, want)
			}
		}
		if host, auth := environ["HOST"], environ["INTERNAL_AUTH"]; host == nil || *host != "127.0.0.1" || auth == nil || *auth != "mesh" {
			t.Errorf("%s takes calls past its sidecar", name)
		}
	}
}
