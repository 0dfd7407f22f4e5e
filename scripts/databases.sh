# shellcheck shell=bash
# How backup.sh and restore.sh reach the four databases; sourced by both.
#
# SHOP_DATABASES  the command in front of PostgreSQL's own programs, with %s for the
#                 service; Compose's containers where it is not set. Others:
#                   env PGSERVICE=%s                          programs of this machine, with the
#                                                             sections user, product, … of PGSERVICEFILE
#                   kubectl -n shop exec -i postgres-%s-0 --  pods
# shellcheck disable=SC2034 # Whoever sources this uses it.
SERVICES=(user product order notification)

# db SERVICE PROGRAM ARGUMENT…  runs a program of PostgreSQL on the service's database:
# as its superuser in a container, as whom the section of PGSERVICEFILE says elsewhere.
db() {
  local service=$1 via
  shift
  # shellcheck disable=SC2059 # The command is a pattern.
  printf -v via "${SHOP_DATABASES:-docker compose exec -T postgres-%s}" "$service"
  # shellcheck disable=SC2086,SC2016 # It is several words; the inner shell expands its own.
  $via sh -c '[ -n "${PGSERVICE:-}" ] || export PGUSER="${POSTGRES_USER:-postgres}" PGDATABASE="${0}_service_db"; exec "$@"' "$service" "$@"
}

# sql SERVICE ARGUMENT…  is psql without the user's own settings, which ends with the
# first error.
sql() { db "$1" psql --no-psqlrc --no-password --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 "${@:2}"; }

# in_compose tells whether the databases are Compose's.
in_compose() { [ -z "${SHOP_DATABASES:-}" ]; }

# sums prints the SHA-256 of files, as sha256sum does.
sums() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}
