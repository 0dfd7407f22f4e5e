#!/usr/bin/env bash
# Starts the shop with Compose and says where it is. Arguments are those of
# docker compose up: --scale product=3, for instance.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/preflight.sh
if ! docker compose up -d --build --wait "$@"; then
  # What was wrong with a secret is said there, in one line.
  docker compose logs --no-log-prefix secrets 2>/dev/null | grep '^secrets:' >&2 || true
  echo "shop: it did not start; docker compose ps -a and docker compose logs SERVICE say why" >&2
  exit 1
fi
at() { docker compose port "$1" "$2"; }
cat <<TEXT

  user $(at edge 8001)   product $(at edge 8002)   order $(at edge 8003)   notification $(at edge 8004)
  Grafana $(at grafana 3000) (admin)   Prometheus $(at prometheus 9090)   Jaeger $(at jaeger 16686)
  RabbitMQ $(at rabbitmq 15672) (shop)   mail $(at mailpit 8025)

  passwords: docker compose exec grafana cat /run/secrets/admin_password
             docker compose exec rabbitmq cat /run/secrets/password
TEXT
