package bare

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed envoy.yaml
var envoyConfiguration string

// EnvoyConfiguration returns the configuration of an Envoy that passes on what
// comes to listen to app, with its own interface at admin: ports on loopback.
func EnvoyConfiguration(admin, listen, app int) []byte {
	_, configuration, _ := strings.Cut(envoyConfiguration, "admin:\n") // Without the comment, which names them too.
	return []byte("admin:\n" + strings.NewReplacer(
		"ADMIN", strconv.Itoa(admin), "LISTEN", strconv.Itoa(listen), "APP", strconv.Itoa(app),
	).Replace(configuration))
}
