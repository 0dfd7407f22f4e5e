#!/usr/bin/env bash
# Starts one service by hand, from source, until Ctrl-C: each in a terminal of its
# own. The first start makes SERVICE/.env, whose settings are yours to change;
# tables are made and changed at each start.
#
#   scripts/start.sh user                      serve on port 8001
#   scripts/start.sh user migrate history      any other command of the service
set -euo pipefail
cd "$(dirname "$0")/.."

service=${1:-}
case $service in
user | product | order | notification) shift ;;
*)
  echo "usage: scripts/start.sh user|product|order|notification [COMMAND...]" >&2
  exit 2
  ;;
esac
command -v go >/dev/null || { echo "missing: Go 1.26 or newer, https://go.dev/dl" >&2; exit 1; }

[ -f "$service/.env" ] || go run ./shop env "$service"
go build -o ".cache/bin/$service" "./$service/cmd/$service"
cd "$service"
exec "../.cache/bin/$service" "$@"
