#!/usr/bin/env bash
# Says in one line each what would keep the shop from starting here, and what to
# do about it; says nothing when all is well. Exit code 2 where something is.
set -euo pipefail
cd "$(dirname "$0")/.."

COMPOSE=2.20.0               # The first that is tried with docker-compose.yml.
MEMORY=$((2800 * 1000 * 1000)) # Bytes: the limits of all containers.
faults=0

fault() { echo "shop: $*" >&2; faults=$((faults + 1)); }
finish() { [ "$faults" = 0 ] || exit 2; exit 0; }

# older says whether version $1 is before $2.
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]; }

if ! command -v docker >/dev/null; then
  fault "there is no docker; get Docker Engine or Docker Desktop: https://docs.docker.com/get-docker"
  finish
fi
if ! version=$(docker compose version --short 2>/dev/null); then
  fault "docker has no compose (the old docker-compose does not do); install the plugin: https://docs.docker.com/compose/install"
  finish
fi
version=${version#v}
if older "${version%%[-+]*}" "$COMPOSE"; then
  fault "Docker Compose $version is too old; $COMPOSE or newer is needed: https://docs.docker.com/compose/install"
fi
if ! info=$(docker info --format '{{.OSType}} {{.Architecture}} {{.MemTotal}}' 2>/dev/null); then
  fault "docker does not answer; start Docker, or let this user use it (docker info says why not)"
  finish
fi
read -r os machine memory <<<"$info"

[ "$os" = linux ] || fault "docker runs $os containers; switch it to Linux containers"
case $machine in
  x86_64 | amd64) here=linux/amd64 ;;
  aarch64 | arm64) here=linux/arm64 ;;
  *) here='' && fault "this machine is $machine; Envoy has images for x86_64 and aarch64 only" ;;
esac
case ${DOCKER_DEFAULT_PLATFORM:-$here} in
  "$here" | "$here"/*) ;;
  *) fault "DOCKER_DEFAULT_PLATFORM is $DOCKER_DEFAULT_PLATFORM, but this machine is $here; unset it" ;;
esac
if [ "$memory" -lt "$MEMORY" ]; then
  fault "docker has $((memory / 1000000)) MB of memory, the shop may need $((MEMORY / 1000000)); give it more (Docker Desktop: Settings, Resources)"
fi

# setting prints what a variable of docker-compose.yml is set to: $1, by default $2.
setting() {
  local line
  if [ -n "${!1:-}" ]; then echo "${!1}"; return; fi
  line=$([ ! -f .env ] || sed -n "s/^$1=['\"]\{0,1\}\([^'\"]*\).*/\1/p" .env | tail -n 1)
  echo "${line:-$2}"
}

# What the shop itself listens at is no fault.
own=$(docker ps --filter label=com.docker.compose.project="${COMPOSE_PROJECT_NAME:-shop}" --format '{{.Ports}}')
bind=$(setting SHOP_BIND 127.0.0.1)
case $bind in 0.0.0.0 | ::) bind=127.0.0.1 ;; esac
while IFS=: read -r name default; do
  port=$(setting "$name" "${default#-}")
  case $own in *":$port->"*) continue ;; esac
  if (exec 3<>"/dev/tcp/$bind/$port") 2>/dev/null; then
    fault "port $port of this machine is in use; stop what uses it, or choose another: $name=… in .env"
  fi
done < <(grep -oE 'SHOP_[A-Z_]+_PORT:-[0-9]+' docker-compose.yml)
finish
