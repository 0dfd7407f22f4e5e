package control

// The faults that a shop with --mesh, --engines and --observe can make.
const (
	BrokerDown        = "broker-down"
	RedisHangs        = "redis-hangs"
	UserSlow          = "user-slow"
	ProductFails      = "product-fails"
	PostgresDown      = "postgres-down"
	CertificateBroken = "certificate-broken"
	PoisonMessage     = "poison-message"
	CacheEmptied      = "cache-emptied"
	OutboxHeld        = "outbox-held"
	SidecarKilled     = "sidecar-killed"
	GatewayDown       = "gateway-down"
)
