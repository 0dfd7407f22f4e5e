package render

import (
	"path/filepath"
	"time"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	metrics "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	overload "github.com/envoyproxy/go-control-plane/envoy/config/overload/v3"
	connections "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/downstream_connections/v3"
	heap "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/fixed_heap/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"shop/mesh/policy"
)

// heapMonitor watches how much memory an Envoy has taken.
const heapMonitor = "envoy.resource_monitors.fixed_heap"

// bootstrap is what Envoy is started with: where everything else is.
func (b *builder) bootstrap() *bootstrap.Bootstrap {
	return &bootstrap.Bootstrap{
		Node:  &core.Node{Id: b.workload, Cluster: b.workload},
		Admin: &bootstrap.Admin{Address: address(b.at.Admin)},
		DynamicResources: &bootstrap.Bootstrap_DynamicResources{
			LdsConfig: b.watched(ListenersFile),
			CdsConfig: b.watched(ClustersFile),
		},
		StatsFlushInterval: duration(5 * time.Second),
		StatsConfig: &metrics.StatsConfig{
			StatsTags: []*metrics.TagSpecifier{{
				TagName:  "mesh_service",
				TagValue: &metrics.TagSpecifier_FixedValue{FixedValue: b.workload},
			}},
			HistogramBucketSettings: []*metrics.HistogramBucketSettings{{
				Match:   &matcher.StringMatcher{MatchPattern: &matcher.StringMatcher_Suffix{Suffix: "_time"}},
				Buckets: []float64{0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 15000}, // Milliseconds.
			}},
		},
		// Operators change runtime values through the admin interface, until the end
		// of the process.
		LayeredRuntime: &bootstrap.LayeredRuntime{Layers: []*bootstrap.RuntimeLayer{{
			Name: "admin", LayerSpecifier: &bootstrap.RuntimeLayer_AdminLayer_{AdminLayer: &bootstrap.RuntimeLayer_AdminLayer{}},
		}}},
		OverloadManager: b.overload(),
		// Reading the configuration takes memory that nobody needs afterwards.
		MemoryAllocatorManager: &bootstrap.MemoryAllocatorManager{
			BytesToRelease: 1 << 20, MemoryReleaseInterval: duration(time.Second),
		},
		ApplicationLogConfig: &bootstrap.Bootstrap_ApplicationLogConfig{LogFormat: &bootstrap.Bootstrap_ApplicationLogConfig_LogFormat{
			LogFormat: &bootstrap.Bootstrap_ApplicationLogConfig_LogFormat_JsonFormat{JsonFormat: &structpb.Struct{
				Fields: map[string]*structpb.Value{
					"time": structpb.NewStringValue("%Y-%m-%dT%T.%F%z"), "level": structpb.NewStringValue("%l"),
					"msg": structpb.NewStringValue("%j"), "service": structpb.NewStringValue(b.logName()),
				},
			}},
		}},
	}
}

// watched is a file of Config that is read again when another takes its place.
// The directory is watched, not the file: that is what sees a rename.
func (b *builder) watched(name string) *core.ConfigSource {
	return &core.ConfigSource{
		ResourceApiVersion: core.ApiVersion_V3,
		ConfigSourceSpecifier: &core.ConfigSource_PathConfigSource{PathConfigSource: &core.PathConfigSource{
			Path: filepath.Join(b.at.Config, name), WatchedDirectory: &core.WatchedDirectory{Path: b.at.Config},
		}},
	}
}

// overload sheds load before memory or connections run out: first idle
// connections live shorter, then they are not kept, in the end nothing is taken.
func (b *builder) overload() *overload.OverloadManager {
	size, most := b.p.Sidecar.Heap, b.p.Sidecar.Connections
	if b.edge() {
		size, most = b.p.Edge.Limits.Heap, b.p.Edge.Limits.Connections
	}
	above := func(share float64) []*overload.Trigger {
		return []*overload.Trigger{{Name: heapMonitor, TriggerOneof: &overload.Trigger_Threshold{
			Threshold: &overload.ThresholdTrigger{Value: share},
		}}}
	}
	return &overload.OverloadManager{
		RefreshInterval: duration(250 * time.Millisecond),
		ResourceMonitors: []*overload.ResourceMonitor{
			{
				Name: heapMonitor,
				ConfigType: &overload.ResourceMonitor_TypedConfig{TypedConfig: b.any(&heap.FixedHeapConfig{
					MaxHeapSizeBytes: uint64(size / policy.Size(1)),
				})},
			},
			{
				Name: "envoy.resource_monitors.global_downstream_max_connections",
				ConfigType: &overload.ResourceMonitor_TypedConfig{TypedConfig: b.any(&connections.DownstreamConnectionsConfig{
					MaxActiveDownstreamConnections: int64(most),
				})},
			},
		},
		Actions: []*overload.OverloadAction{
			{
				Name: "envoy.overload_actions.reduce_timeouts",
				Triggers: []*overload.Trigger{{Name: heapMonitor, TriggerOneof: &overload.Trigger_Scaled{
					Scaled: &overload.ScaledTrigger{ScalingThreshold: 0.7, SaturationThreshold: 0.9},
				}}},
				TypedConfig: b.any(&overload.ScaleTimersOverloadActionConfig{
					TimerScaleFactors: []*overload.ScaleTimersOverloadActionConfig_ScaleTimer{{
						Timer: overload.ScaleTimersOverloadActionConfig_HTTP_DOWNSTREAM_CONNECTION_IDLE,
						OverloadAdjust: &overload.ScaleTimersOverloadActionConfig_ScaleTimer_MinScale{
							MinScale: &typev3.Percent{Value: 5},
						},
					}},
				}),
			},
			{Name: "envoy.overload_actions.shrink_heap", Triggers: above(0.85)},
			{Name: "envoy.overload_actions.disable_http_keepalive", Triggers: above(0.92)},
			{Name: "envoy.overload_actions.stop_accepting_requests", Triggers: above(0.95)},
		},
	}
}
