#!/usr/bin/env bash
# Replaces the replicas of services in Compose by those of the images that are there
# now, without a failed request: new ones start beside the old ones, and when all of
# them are healthy the old ones drain and end, one after the other.
#
#   docker compose build                   or pull; SHOP_VERSION names the images' tag
#   scripts/upgrade.sh [SERVICE…]          default: user product order notification
#   make upgrade                           both
#
# A service keeps its number of replicas. Where a new one does not become healthy the
# new ones go, the old ones have never stopped, and the exit code is 1. What is beside
# the services (edge, engines) is replaced by `docker compose up -d`, which stops it
# for seconds.
#
# UPGRADE_WAIT  how long new replicas may take to become healthy, in seconds (180)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

replicas() { docker compose ps --quiet --status running "$1"; }

[ $# -gt 0 ] || set -- user product order notification
for service in "$@"; do
  case $service in user | product | order | notification) ;; *) fail "$service is none of user, product, order, notification" ;; esac
  old=$(replicas "$service")
  [ -n "$old" ] || fail "$service does not run: docker compose up -d --wait"
  count=$(wc -w <<<"$old")
  if ! docker compose up --detach --no-deps --no-build --no-recreate --quiet-pull --wait --wait-timeout "${UPGRADE_WAIT:-180}" --scale "$service=$((2 * count))" "$service"; then
    for replica in $(docker compose ps --all --quiet "$service"); do
      grep -q "$replica" <<<"$old" || docker rm --force "$replica" >/dev/null
    done
    fail "a new $service did not become healthy: the old ones go on"
  fi
  for replica in $old; do
    docker stop "$replica" >/dev/null
    docker rm "$replica" >/dev/null
  done
  echo "$service: $((count)) replaced"
done
