package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	accesslog "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// reply is what a client reads where Envoy answers in a service's place.
type reply struct {
	when   int // Envoy's status; 0 = every other.
	as     int // What the client gets; 0 = Envoy's.
	code   string
	vi, en string
	early  bool // It may come before the request has a route.
}

// replies are the answers of Envoy itself, with the codes and texts that the
// services have for the same.
func (b *builder) replies() []reply {
	size := beforeUnit.ReplaceAllString(b.p.Edge.Limits.Body.String(), "$1 $2") // "1 MiB", as people write it.
	const (
		refusedVI, refusedEN         = "Yêu cầu không được chấp nhận", "The request was refused"
		unavailableVI, unavailableEN = "Dịch vụ tạm thời không khả dụng. Vui lòng thử lại sau.", "The service is temporarily unavailable. Please try again later."
	)
	// Behind the edge it is a rule that refuses; the edge itself has none but that
	// nothing becomes another protocol.
	forbidden := reply{when: 403, code: "not_a_caller", vi: "Chỉ dành cho các dịch vụ nội bộ", en: "For internal services only"}
	if b.edge() {
		forbidden = reply{when: 403, code: "refused", vi: refusedVI, en: refusedEN}
	}
	return []reply{
		{when: 400, code: "refused", vi: refusedVI, en: refusedEN, early: true},
		forbidden,
		{when: 404, code: "route_not_found", vi: "Không tìm thấy đường dẫn", en: "No such path", early: true},
		{when: 408, code: "body_too_slow", vi: "Nội dung yêu cầu được gửi quá chậm", en: "The request body came too slowly", early: true},
		{when: 413, code: "body_too_large", vi: "Nội dung yêu cầu vượt quá " + size, en: "The request body is larger than " + size},
		{when: 429, code: "limited", vi: "Quá nhiều yêu cầu. Vui lòng thử lại sau.", en: "Too many requests. Please try again later."},
		{when: 431, code: "headers_too_large", vi: "Phần đầu của yêu cầu quá lớn", en: "The headers of the request are too large", early: true},
		{when: 500, code: "internal", vi: "Lỗi hệ thống. Vui lòng thử lại sau.", en: "Internal error. Please try again later."},
		{when: 502, as: 503, code: "unavailable", vi: unavailableVI, en: unavailableEN},
		{when: 503, code: "unavailable", vi: unavailableVI, en: unavailableEN, early: true},
		{when: 504, as: 503, code: "timeout", vi: "Yêu cầu xử lý quá lâu. Vui lòng thử lại sau.", en: "The request took too long. Please try again later."},
		{code: "refused", vi: refusedVI, en: refusedEN, early: true},
	}
}

var beforeUnit = regexp.MustCompile(`^(\d+)(\D+)$`)

// What decides about the form of a reply. The services know more of both headers;
// this is what browsers and clients send.
var (
	likesEnglish = requestHeader("accept-language", &matcher.StringMatcher{
		MatchPattern: &matcher.StringMatcher_Prefix{Prefix: "en"}, IgnoreCase: true,
	})
	wantsProblems = requestHeader("accept", &matcher.StringMatcher{
		MatchPattern: &matcher.StringMatcher_Contains{Contains: "application/problem+json"}, IgnoreCase: true,
	})
)

// localReplies are the answers that Envoy gives to clients itself: in the form
// of the services' errors, in the language and form that the client likes, and
// never 502 or 504. headers are more for those to a request that had not got as
// far as a route, whose headers the others have.
func (b *builder) localReplies(headers ...*core.HeaderValueOption) *hcm.LocalReplyConfig {
	config := &hcm.LocalReplyConfig{}
	for _, r := range b.replies() {
		for _, v := range []variant{
			{lang: "en", detail: r.en, problem: true, when: []*accesslog.AccessLogFilter{likesEnglish(), wantsProblems()}},
			{lang: "vi", detail: r.vi, problem: true, when: []*accesslog.AccessLogFilter{wantsProblems()}},
			{lang: "en", detail: r.en, when: []*accesslog.AccessLogFilter{likesEnglish()}},
			{lang: "vi", detail: r.vi},
		} {
			m := r.mapper(v)
			if r.early {
				m.HeadersToAdd = append(m.HeadersToAdd, headers...)
			}
			if !b.edge() && cmp.Or(r.as, r.when) == http.StatusServiceUnavailable {
				m.HeadersToAdd = append(m.HeadersToAdd, fresh(flagsHeader, "%RESPONSE_FLAGS%"))
			}
			config.Mappers = append(config.Mappers, m)
		}
	}
	return config
}

// appReplies are the answers that Envoy gives to the application that it stands
// beside.
func (b *builder) appReplies() *hcm.LocalReplyConfig {
	config := &hcm.LocalReplyConfig{}
	for _, r := range b.replies() {
		config.Mappers = append(config.Mappers, r.mapper(variant{lang: "vi", detail: r.vi}))
	}
	return config
}

// variant is one form of a reply.
type variant struct {
	lang    string
	detail  string
	problem bool                         // RFC 9457.
	when    []*accesslog.AccessLogFilter // All must hold.
}

func (r reply) mapper(v variant) *hcm.ResponseMapper {
	m := &hcm.ResponseMapper{
		Filter:             all(append([]*accesslog.AccessLogFilter{r.filter()}, v.when...)...),
		BodyFormatOverride: r.body(v.detail, v.problem),
		HeadersToAdd:       []*core.HeaderValueOption{fresh("content-language", v.lang), fresh("vary", "Accept, Accept-Language")},
	}
	if r.as != 0 {
		m.StatusCode = wrapperspb.UInt32(uint32(r.as))
	}
	if cmp.Or(r.as, r.when) == http.StatusServiceUnavailable {
		m.HeadersToAdd = append(m.HeadersToAdd, fresh("retry-after", "1"))
	}
	return m
}

func (r reply) filter() *accesslog.AccessLogFilter {
	if r.when == 0 {
		return status(accesslog.ComparisonFilter_GE, 100)
	}
	return status(accesslog.ComparisonFilter_EQ, r.when)
}

// body is the error as text: Envoy would write a JSON format with its keys in
// another order, and spaces.
func (r reply) body(detail string, problem bool) *core.SubstitutionFormatString {
	body := `"detail":` + quoted(detail) + `,"code":` + quoted(r.code) + `,"trace_id":null}`
	contentType := "application/json"
	if problem {
		contentType = "application/problem+json"
		status := cmp.Or(r.as, r.when)
		title, number := http.StatusText(status), strconv.Itoa(status)
		if status == 0 {
			title, number = r.en, "%RESPONSE_CODE%"
		}
		body = `"type":"about:blank","title":` + quoted(title) + `,"status":` + number + `,` + body
	}
	return &core.SubstitutionFormatString{
		Format:      &core.SubstitutionFormatString_TextFormatSource{TextFormatSource: text("{" + body)},
		ContentType: contentType,
	}
}

// ids are the headers of the public that name a request. What has no value is
// left out: a request that could not be read has no id yet, and that of the trace
// is not known here where the route has given it already.
func (b *builder) ids() []*core.HeaderValueOption {
	return []*core.HeaderValueOption{
		set("x-request-id", "%UNIQUE_ID%"),
		set("x-request-id", "%STREAM_ID%"),
		set(traceHeader, b.currentTrace()),
		add(traceHeader, "%START_TIME(%Y%m%d%H%M%S%9f)%%START_TIME(%9f)%"),
	}
}

// quoted is s as JSON.
func quoted(s string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // A text always encodes.
	return strings.TrimSuffix(out.String(), "\n")
}

// literal is s where Envoy looks for commands.
func literal(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// requestHeader returns a filter for requests with a header that matches.
func requestHeader(name string, match *matcher.StringMatcher) func() *accesslog.AccessLogFilter {
	return func() *accesslog.AccessLogFilter {
		return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_HeaderFilter{
			HeaderFilter: &accesslog.HeaderFilter{Header: &route.HeaderMatcher{
				Name: name, HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{StringMatch: match},
			}},
		}}
	}
}
