package redis_test

import (
	"context"
	"os/exec"
	"strconv"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"shop/kit/cache/cachetest"
	"shop/kit/cache/redis"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// A cluster of three masters keeps the contract as one server does; any two of
// its nodes lead to all of it.
func TestCluster(t *testing.T) {
	var addrs []string
	for range 3 {
		gossip := strconv.Itoa(testkit.FreePort(t))
		s := launch(t, []string{"cluster-enabled yes", "cluster-node-timeout 2000", "cluster-port " + gossip}, client.Options{})
		addrs = append(addrs, s.addr)
	}
	create := exec.CommandContext(t.Context(), "redis-cli", append(append([]string{"--cluster", "create"}, addrs...), "--cluster-yes")...)
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("create the cluster: %v\n%s", err, out)
	}
	bare := client.NewClusterClient(&client.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = bare.Close() })
	each := func(t *testing.T, f func(ctx context.Context, node *client.Client) error) {
		t.Helper()
		if err := bare.ForEachMaster(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	cfg := redis.Config{Addrs: addrs[1:]}
	testkit.Eventually(t, patience, func() error {
		_, err := open(t, cfg, telemetry.Nop()).Put(t.Context(), key, grave(1), time.Second)
		return err
	}, "the cluster takes writes")
	cachetest.Run(t, func(t *testing.T) cachetest.Subject {
		each(t, func(ctx context.Context, node *client.Client) error { return node.FlushAll(ctx).Err() })
		return cachetest.Subject{Cache: open(t, cfg, telemetry.Nop()), Advance: func(d time.Duration) {
			each(t, func(ctx context.Context, node *client.Client) error { return age(ctx, node, d) })
		}}
	})
}

// When the master is lost, the cache is at the one that the Sentinels choose.
func TestSentinel(t *testing.T) {
	const password, sentinelPassword = "of-redis", "of-the-sentinel"
	o := client.Options{Password: password}
	secret := []string{"requirepass " + password, "masterauth " + password}
	master := launch(t, append(secret, "repl-diskless-sync-delay 0"), o)
	replica := launch(t, append(secret, "replicaof 127.0.0.1 "+master.port), o)
	sentinel := launch(t, []string{
		"sentinel monitor products 127.0.0.1 " + master.port + " 1",
		"sentinel down-after-milliseconds products 300", "sentinel failover-timeout products 3000",
		"sentinel auth-pass products " + password, "requirepass " + sentinelPassword,
	}, client.Options{Password: sentinelPassword}, "--sentinel")

	c := open(t, redis.Config{Addrs: []string{sentinel.addr}, MasterName: "products", Password: password, SentinelPassword: sentinelPassword}, telemetry.Nop())
	put(t, c, laptop(1), true)
	bare := look(t, redis.Config{Addrs: []string{replica.addr}, Password: password})
	testkit.Eventually(t, patience, func() bool { return bare.Exists(t.Context(), key).Val() == 1 }, "the replica has a copy")
	watch := client.NewSentinelClient(&client.Options{Addr: sentinel.addr, Password: sentinelPassword})
	t.Cleanup(func() { _ = watch.Close() })
	testkit.Eventually(t, patience, func() bool {
		replicas, err := watch.Replicas(t.Context(), "products").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
	}, "the Sentinel knows the replica")

	master.kill()
	testkit.Eventually(t, patience, func() error {
		_, err := c.Put(t.Context(), key, laptop(2), time.Minute)
		return err
	}, "the replica has taken over")
	get(t, c, laptop(2), true)
	if got := bare.Get(t.Context(), key).Val(); got != `{"name":"Laptop \u003c15\"\u003e","price":1,"_version":2}` {
		t.Errorf("the new master has %s", got)
	}
}
