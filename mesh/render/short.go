package render

import (
	"net"
	"strconv"
	"strings"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Short forms of what Envoy's messages wrap.

func number[N ~int | ~int64 | ~uint32](n N) *wrapperspb.UInt32Value {
	return wrapperspb.UInt32(uint32(n))
}

func yes() *wrapperspb.BoolValue { return wrapperspb.Bool(true) }

func no() *wrapperspb.BoolValue { return wrapperspb.Bool(false) }

func duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

func percent(n int) *typev3.Percent { return &typev3.Percent{Value: float64(n)} }

func text(s string) *core.DataSource {
	return &core.DataSource{Specifier: &core.DataSource_InlineString{InlineString: s}}
}

func file(path string) *core.DataSource {
	return &core.DataSource{Specifier: &core.DataSource_Filename{Filename: path}}
}

func exactly(s string) *matcher.StringMatcher {
	return &matcher.StringMatcher{MatchPattern: &matcher.StringMatcher_Exact{Exact: s}}
}

func beginning(s string) *matcher.StringMatcher {
	return &matcher.StringMatcher{MatchPattern: &matcher.StringMatcher_Prefix{Prefix: s}}
}

func pattern(re string) *matcher.StringMatcher {
	return &matcher.StringMatcher{MatchPattern: &matcher.StringMatcher_SafeRegex{SafeRegex: regex(re)}}
}

func regex(re string) *matcher.RegexMatcher { return &matcher.RegexMatcher{Regex: re} }

// address returns host:port, or the path of a Unix socket that its owner alone
// may use.
func address(addr string) *core.Address {
	if strings.HasPrefix(addr, "/") {
		return &core.Address{Address: &core.Address_Pipe{Pipe: &core.Pipe{Path: addr, Mode: 0o600}}}
	}
	host, port, _ := net.SplitHostPort(addr) // Checked with the place.
	n, _ := strconv.ParseUint(port, 10, 16)
	return socket(endpoint{host, uint32(n)})
}

func socket(e endpoint) *core.Address {
	return &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
		Address: e.host, PortSpecifier: &core.SocketAddress_PortValue{PortValue: e.port},
	}}}
}

// set puts a header in the place of what is there; an empty value leaves it as it
// is.
func set(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header:       &core.HeaderValue{Key: name, Value: value},
		AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// fresh gives a new response a header.
func fresh(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{Header: &core.HeaderValue{Key: name, Value: value}}
}

// add gives a response a header that it lacks.
func add(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header:       &core.HeaderValue{Key: name, Value: value},
		AppendAction: core.HeaderValueOption_ADD_IF_ABSENT,
	}
}
