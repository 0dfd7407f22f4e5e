//go:build never

package telemetry

// go-kit asks for a google.golang.org/genproto of 2021, whose packages have since
// moved into modules of their own that the OTLP exporter asks for: in a workspace
// both are found, which is an ambiguous import. This import, which is never
// built, makes go mod tidy keep a newer genproto, without those packages.
import _ "google.golang.org/genproto/protobuf/api"
