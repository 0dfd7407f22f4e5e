#!/usr/bin/env bash
# Makes secrets of the shop in Compose anew while it works, and tells everybody who
# needs to know.
#
#   scripts/rotate.sh signing-key          tokens are signed with a new key; those of the old one stay valid
#   scripts/rotate.sh old-signing-key      what the key before has signed opens nothing any more
#   scripts/rotate.sh databases [SERVICE…] every password of a database server; default: of all four
#   scripts/rotate.sh broker               RabbitMQ's
#   scripts/rotate.sh cache                Redis'
#   scripts/rotate.sh grafana              that of Grafana's admin
#   scripts/rotate.sh root                 the root of the mesh's certificates
#
# Wait ACCESS_TOKEN_EXPIRE_MINUTES (30) between signing-key and old-signing-key, and
# nobody is signed out; if somebody has seen the key, don't wait. Whatever else was
# broken off can be run again.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

usage() {
  sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
}

# secrets changes the files of all owners.
secrets() { docker compose run --rm --no-deps -T secrets secrets --dir /secrets --own "$@"; }

# renew makes the secret OWNER/NAME anew, with all that is made of it.
renew() { secrets --renew "$1"; }

# within runs a command in the shell of a container. A password that it needs comes
# by standard input: arguments can be seen by everybody on the machine.
within() { docker compose exec -T "$1" sh -euc "$2"; }

# there fails early: a server that is away can't be told its new password.
there() { [ -n "$(docker compose ps --quiet --status running "$1")" ] || fail "$1 does not run: docker compose up -d --wait"; }

databases() {
  local service
  for service in "$@"; do
    case $service in user | product | order | notification) ;; *) fail "$service is none of user, product, order, notification" ;; esac
    there "postgres-$service"
  done
  for service in "$@"; do
    renew "postgres-$service/superuser_password"
    renew "postgres-$service/exporter_password"
    renew "postgres-$service/password"
    within "postgres-$service" 'psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username postgres --dbname postgres --set role="${SERVICE}_service"' <<'SQL'
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\set superuser `cat /run/secrets/superuser_password`
\set exporter `cat /run/secrets/exporter_password`
\set password `cat /run/secrets/password`
BEGIN;
ALTER ROLE postgres PASSWORD :'superuser';
ALTER ROLE exporter PASSWORD :'exporter';
ALTER ROLE :"role" PASSWORD :'password';
COMMIT;
SQL
    docker compose restart "postgres-exporter-$service"
    scripts/upgrade.sh "$service"
  done
}

[ $# -gt 0 ] || usage
what=$1
shift
[ $# = 0 ] || [ "$what" = databases ] || usage
case $what in
  signing-key)
    there user
    # Every replica accepts the new key before any signs with it.
    renew user/secret_key_previous
    scripts/upgrade.sh user
    secrets --swap-keys
    scripts/upgrade.sh user || fail "some replicas sign with the old key still; scripts/upgrade.sh user ends it"
    echo "in ${ACCESS_TOKEN_EXPIRE_MINUTES:-30} minutes: ${0##*/} old-signing-key"
    ;;
  old-signing-key)
    there user
    renew user/secret_key_previous
    scripts/upgrade.sh user
    ;;
  databases)
    [ $# -gt 0 ] || set -- user product order notification
    databases "$@"
    ;;
  broker)
    there rabbitmq
    renew rabbitmq/password
    # The server reads the file itself: rabbitmqctl takes a password as an argument only.
    within rabbitmq 'rabbitmqctl --quiet eval "
      {ok, Password} = file:read_file(\"/run/secrets/password\"),
      rabbit_auth_backend_internal:change_password(<<\"shop\">>, string:trim(Password), <<\"rotate.sh\">>)."' </dev/null
    scripts/upgrade.sh product order notification
    ;;
  cache)
    there redis
    old=$(within redis 'cat /run/secrets/password' </dev/null)
    renew redis/password
    within redis 'read -r REDISCLI_AUTH; export REDISCLI_AUTH
      printf "CONFIG SET requirepass %s\n" "$(cat /run/secrets/password)" | redis-cli | grep -qx OK' <<<"$old" ||
      docker compose restart redis # It holds nothing that is not elsewhere too.
    docker compose restart redis-exporter
    scripts/upgrade.sh product
    ;;
  grafana)
    there grafana
    renew grafana/admin_password
    within grafana 'grafana cli admin reset-admin-password --password-from-stdin </run/secrets/admin_password'
    ;;
  root)
    there mesh-ca
    docker compose exec -T mesh-ca /mesh ca new-root --root /root
    ;;
  *) usage ;;
esac
