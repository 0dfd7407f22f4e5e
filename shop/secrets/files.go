package secrets

import (
	"encoding/json"
	"path"
)

// Users that read secrets, as their images have them.
const (
	service          = 65532 // This repository's own images.
	postgres         = 999
	postgresExporter = 65534
	redis            = 999
	redisExporter    = 59000
	rabbitmq         = 999
	grafana          = 472
)

// Names that go with the secrets; deploy/compose and deploy/kubernetes have them too.
const (
	// BrokerUser logs in at RabbitMQ.
	BrokerUser = "shop"
	// CacheAddress is where the exporter of Redis finds it.
	CacheAddress = "redis://redis:6379"
)

// file is one secret in its place.
type file struct {
	path string // OWNER/NAME
	uid  int    // Who reads it; the group has the same number.
	key  bool   // It is used as it is; any other stands in URLs and configuration files.
	from string // The path of the secret that this one is made from; "" = random.
	text func(secret string) string
}

// files are all secrets, each after the one that it is made from.
var files = all()

func all() []file {
	list := []file{
		{path: "user/secret_key", uid: service, key: true},
		// Whose tokens are still accepted. The first one has signed none.
		{path: "user/secret_key_previous", uid: service, key: true},
		{path: "redis/password", uid: redis},
		{path: "rabbitmq/password", uid: rabbitmq},
		{path: "grafana/admin_password", uid: grafana},
	}
	for _, name := range []string{"user", "product", "order", "notification"} {
		server := "postgres-" + name
		list = append(list,
			file{path: server + "/superuser_password", uid: postgres},
			file{path: server + "/password", uid: postgres},
			file{path: server + "/exporter_password", uid: postgres},
			file{path: "postgres-exporter-" + name + "/password", uid: postgresExporter, from: server + "/exporter_password", text: same},
			file{path: name + "/database_url", uid: service, from: server + "/password", text: func(password string) string {
				// Its network is its own; nobody else is on it.
				return "postgresql://" + name + "_service:" + password + "@" + server + ":5432/" + name + "_service_db?sslmode=disable"
			}},
		)
	}
	for _, name := range []string{"product", "order", "notification"} {
		list = append(list, file{path: name + "/rabbitmq_password", uid: service, from: "rabbitmq/password", text: same})
	}
	return append(list,
		file{path: "rabbitmq/shop.conf", uid: rabbitmq, from: "rabbitmq/password", text: func(password string) string {
			return "default_user = " + BrokerUser + "\ndefault_pass = " + password
		}},
		file{path: "product/redis_password", uid: service, from: "redis/password", text: same},
		file{path: "redis/redis.conf", uid: redis, from: "redis/password", text: func(password string) string {
			return "requirepass " + password
		}},
		file{path: "redis-exporter/passwords.json", uid: redisExporter, from: "redis/password", text: func(password string) string {
			text, _ := json.Marshal(map[string]string{CacheAddress: password}) // Texts can always be written.
			return string(text)
		}},
	)
}

func same(secret string) string { return secret }

// File is a secret as deployments know it.
type File struct {
	Owner, Name string // The file is OWNER/NAME.
	UID         int    // The user that reads it in Compose.
}

// Files returns all secrets, in a fixed order.
func Files() []File {
	var list []File
	for _, f := range files {
		owner, name := path.Split(f.path)
		list = append(list, File{Owner: path.Clean(owner), Name: name, UID: f.uid})
	}
	return list
}
