package render

import (
	accesslog "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	fileaccess "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
	stream "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/stream/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"shop/mesh/policy"
)

// accessLog writes a line for each request, in the form of the services' own. It
// has the route, not the path: that may hold what must not be kept. Probes are
// not told; refusals are told as events.
func (b *builder) accessLog(listener string) []*accesslog.AccessLog {
	if b.p.AccessLog == policy.LogNone {
		return nil
	}
	real := &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_NotHealthCheckFilter{
		NotHealthCheckFilter: &accesslog.NotHealthCheckFilter{},
	}}
	ordinary := []*accesslog.AccessLogFilter{real}
	if b.p.AccessLog == policy.LogErrors {
		ordinary = append(ordinary, some(
			status(accesslog.ComparisonFilter_GE, 500),
			&accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_ResponseFlagFilter{ResponseFlagFilter: &accesslog.ResponseFlagFilter{}}},
		))
	}
	var logs []*accesslog.AccessLog
	for _, e := range b.events(listener) {
		fields := b.logFields(listener)
		fields["level"], fields["event"] = "WARN", e.name
		if b.edge() {
			fields["client"] = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
		}
		logs = append(logs, b.lines(all(real, some(e.is...)), fields))
		ordinary = append(ordinary, e.not...)
	}
	return append(logs, b.lines(all(ordinary...), b.logFields(listener)))
}

// lines are written of what filter is true for.
func (b *builder) lines(filter *accesslog.AccessLogFilter, fields map[string]string) *accesslog.AccessLog {
	json := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for name, value := range fields {
		json.Fields[name] = structpb.NewStringValue(value)
	}
	format := &core.SubstitutionFormatString{
		Format:          &core.SubstitutionFormatString_JsonFormat{JsonFormat: json},
		OmitEmptyValues: true,
	}
	log := &accesslog.AccessLog{Filter: filter}
	if b.at.AccessLog == "" {
		log.Name = "envoy.access_loggers.stdout"
		log.ConfigType = &accesslog.AccessLog_TypedConfig{TypedConfig: b.any(&stream.StdoutAccessLog{
			AccessLogFormat: &stream.StdoutAccessLog_LogFormat{LogFormat: format},
		})}
	} else {
		log.Name = "envoy.access_loggers.file"
		log.ConfigType = &accesslog.AccessLog_TypedConfig{TypedConfig: b.any(&fileaccess.FileAccessLog{
			Path: b.at.AccessLog, AccessLogFormat: &fileaccess.FileAccessLog_LogFormat{LogFormat: format},
		})}
	}
	return log
}

func (b *builder) logFields(listener string) map[string]string {
	fields := map[string]string{
		"time":        "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",
		"level":       "INFO",
		"msg":         "request",
		"service":     b.logName(),
		"listener":    listener,
		"method":      "%REQ(:METHOD)%",
		"route":       "%ROUTE_NAME%",
		"status":      "%RESPONSE_CODE%",
		"duration_us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
		"bytes":       "%BYTES_SENT%",
		"trace_id":    "%RESP(X-TRACE-ID)%",
		"request_id":  "%REQ(X-REQUEST-ID)%",
		"flags":       "%RESPONSE_FLAGS%",
		"details":     "%RESPONSE_CODE_DETAILS%",
		"upstream":    "%UPSTREAM_HOST%",
		"tries":       "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
	}
	if b.at.OTLP != "" {
		fields["span_id"] = "%SPAN_ID%"
	}
	if !b.edge() {
		fields["caller"] = "%DOWNSTREAM_PEER_URI_SAN%"
	}
	return fields
}

// all is true where every filter is.
func all(filters ...*accesslog.AccessLogFilter) *accesslog.AccessLogFilter {
	if len(filters) == 1 {
		return filters[0]
	}
	return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_AndFilter{
		AndFilter: &accesslog.AndFilter{Filters: filters},
	}}
}

// some is true where one of filters is.
func some(filters ...*accesslog.AccessLogFilter) *accesslog.AccessLogFilter {
	if len(filters) == 1 {
		return filters[0]
	}
	return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_OrFilter{
		OrFilter: &accesslog.OrFilter{Filters: filters},
	}}
}

// status is true for the answers whose status compares so.
func status(op accesslog.ComparisonFilter_Op, code int) *accesslog.AccessLogFilter {
	return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_StatusCodeFilter{
		StatusCodeFilter: &accesslog.StatusCodeFilter{Comparison: &accesslog.ComparisonFilter{
			Op: op,
			// Envoy wants a runtime key, by which nobody changes this.
			Value: &core.RuntimeUInt32{DefaultValue: uint32(code), RuntimeKey: "mesh.fixed"},
		}},
	}}
}
