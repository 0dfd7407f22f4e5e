//go:build linux

package observe

import (
	"regexp"
	"strings"
	"testing"
)

// everywhere is what every service tells of itself.
const everywhere = `
http_server_active_requests http_request_method=GET,POST,PUT,PATCH,DELETE
db_pool_connections state=used,idle,max
db_pool_wait_seconds_total
db_pool_waits_total
shop_build_info
go_goroutines
process_resident_memory_bytes
process_cpu_seconds_total
`

// asking is what a service tells that asks whose a token is.
const asking = `
auth_validate_token_client_duration_seconds_count outcome=valid,invalid,error,timeout,circuit_open,cached
auth_validate_token_client_duration_seconds_bucket outcome=valid,error le=0.02
auth_validate_token_client_breaker_state
`

// catalogue is what each service tells before anybody has asked anything: every
// name, and every value of its labels, so that the first event is a step from 0.
var catalogue = map[string]string{
	"user": everywhere + `
auth_validate_token_server_total result=valid,expired,malformed,bad_signature,revoked,unknown_user
auth_validate_token_server_duration_seconds_count result=valid,expired,malformed,bad_signature,revoked,unknown_user
auth_events_total event=login_ok,login_bad_password,login_unknown_user,login_locked,login_rate_limited,register,logout,refresh_ok,refresh_reuse,password_change
auth_password_hash_duration_seconds_count
http_server_request_duration_seconds_count http_request_method=POST http_route=/login,/refresh,/validate-token http_response_status_code=200,500,503
http_server_request_duration_seconds_count http_request_method=POST http_route=/register http_response_status_code=201,500,503
`,
	"product": everywhere + asking + `
product_cache_requests_total cache=product result=hit,miss,error,bypass
product_cache_operation_duration_seconds_count op=get,set,del
product_cache_fill_shared_total
product_cache_invalidations_total
product_messages_total event_type=order.status_changed,order.deleted,other outcome=acked,retried,dead_lettered,duplicate,invalid
product_process_duration_seconds_count event_type=order.status_changed,order.deleted outcome=acked,retried
product_broker_connected
product_in_flight
http_server_request_duration_seconds_count http_request_method=GET http_route=/products,/products/{id} http_response_status_code=200,500,503
http_server_request_duration_seconds_bucket http_request_method=GET http_route=/products/{id} http_response_status_code=200 le=0.05
http_server_request_duration_seconds_count http_request_method=POST http_route=/internal/reservations http_response_status_code=201,500,503
`,
	"order": everywhere + asking + `
order_events_published_total event_type=order.created,order.status_changed,order.deleted outcome=confirmed,nacked,returned,timeout,error
order_event_publish_duration_seconds_count outcome=confirmed,nacked,returned,timeout,error
order_event_publish_retries_total event_type=order.created,order.status_changed,order.deleted
order_outbox_pending
order_outbox_oldest_age_seconds
order_outbox_held
order_broker_connected
orders_placed_total outcome=placed,replayed,error
order_status_changes_total status=pending,confirmed,shipped,delivered,cancelled,deleted
http_server_request_duration_seconds_count http_request_method=POST http_route=/orders http_response_status_code=201,500,503
http_server_request_duration_seconds_bucket http_request_method=POST http_route=/orders http_response_status_code=201 le=0.25
`,
	"notification": everywhere + asking + `
notification_messages_total event_type=order.created,order.status_changed,other outcome=acked,retried,dead_lettered,duplicate,invalid
notification_process_duration_seconds_count event_type=order.created,order.status_changed outcome=acked,retried,dead_lettered,duplicate,invalid
notification_end_to_end_seconds_count event_type=order.created,order.status_changed
notification_end_to_end_seconds_bucket event_type=order.created le=5
notification_in_flight
notification_broker_connected
notification_deliveries_total channel=email,sms,push outcome=sent,retried,failed
http_server_request_duration_seconds_count http_request_method=GET http_route=/notifications http_response_status_code=200,500,503
`,
}

var labelled = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// read reads a page into its series by their names.
func read(page string) map[string][]map[string]string {
	series := map[string][]map[string]string{}
	for text := range strings.Lines(page) {
		if strings.HasPrefix(text, "#") {
			continue
		}
		name, rest, _ := strings.Cut(strings.TrimSpace(text), "{")
		if rest == "" {
			name, _, _ = strings.Cut(name, " ")
		}
		labels := map[string]string{}
		for _, pair := range labelled.FindAllStringSubmatch(rest, -1) {
			labels[pair[1]] = pair[2]
		}
		series[name] = append(series[name], labels)
	}
	return series
}

// fromTheStart holds pages that were read before the first request to the catalogue.
func fromTheStart(t *testing.T, pages map[string]string) {
	for service, lines := range catalogue {
		series, wanted := read(pages[service]), 0
		for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
			if line == "" {
				continue
			}
			fields := strings.Fields(line)
			for _, labels := range combinations(fields[1:]) {
				wanted++
				if !has(series[fields[0]], labels) {
					t.Errorf("%s does not tell %s %v from its start on", service, fields[0], labels)
				}
			}
		}
		t.Logf("%s: %d series of the catalogue", service, wanted)
	}
}

func has(series []map[string]string, labels map[string]string) bool {
	for _, one := range series {
		all := true
		for name, value := range labels {
			all = all && one[name] == value
		}
		if all {
			return true
		}
	}
	return false
}

// combinations are all pairs of labels that "a=1,2" and "b=3,4" stand for.
func combinations(fields []string) []map[string]string {
	all := []map[string]string{{}}
	for _, field := range fields {
		name, values, _ := strings.Cut(field, "=")
		var more []map[string]string
		for _, labels := range all {
			for value := range strings.SplitSeq(values, ",") {
				one := map[string]string{name: value}
				for n, v := range labels {
					one[n] = v
				}
				more = append(more, one)
			}
		}
		all = more
	}
	return all
}
