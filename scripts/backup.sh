#!/usr/bin/env bash
# Copies the four databases as they are at one moment, while the shop works.
#
#   scripts/backup.sh [DIRECTORY]     default: backups/<moment>
#   make backup TO=DIRECTORY
#
# Four dumps one after the other would not fit together: an order that is cancelled
# between two of them would have its pieces and not have them. So writes are held in
# all four databases at once, until each has noted what it sees: some milliseconds,
# half a second at most, in which requests wait and none fails. The dumps are made
# of that afterwards, for as long as they take. What was on its way in RabbitMQ is
# in the outbox of order (seven days are kept), from where restore.sh sends it again;
# Redis has copies only. Not in it: secrets (keep the volumes' files elsewhere, or
# let new ones be made), traces, figures, dead letters (shop dlq list).
#
# See databases.sh for databases that are not in Compose.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/databases.sh
. scripts/databases.sh

# holdTime is how long one try waits for writes that are under way, and for how long
# others wait at most; answerTime how long a database may be silent.
holdTime=500ms
holdTries=40
answerTime=60

moment=$(date -u +%Y-%m-%dT%H-%M-%SZ)
target=${1:-backups/$moment}
[ ! -e "$target" ] || fail "$target is there already: name a new directory"
umask 077
mkdir -p "$(dirname "$target")"
partial=$(mktemp -d "$target.partial.XXXXXX")
work=$(mktemp -d)

# A session that loses its input ends, and what it holds with it.
# shellcheck disable=SC2317,SC2329 # It is called by the trap.
clean() {
  local fd
  for fd in 7 6 5 4; do eval "exec $fd>&-"; done
  wait
  rm -rf "$work" "$partial"
}
trap clean EXIT

# Each database has a session that reads from a pipe of its own, 4 to 7; what they
# say comes by one, 3: the service and a word.
fd_of() { case $1 in user) echo 4 ;; product) echo 5 ;; order) echo 6 ;; notification) echo 7 ;; esac; }
tell() { printf '%s\n' "$2" >&"$(fd_of "$1")"; }
mkfifo "$work/said"
exec 3<>"$work/said"
for service in "${SERVICES[@]}"; do
  mkfifo "$work/$service"
  {
    sql "$service" -v ON_ERROR_STOP=0 <"$work/$service" >"$work/said" 2>"$work/$service.log" || true
    echo "$service ended" >"$work/said"
  } &
  eval "exec $(fd_of "$service")>\"\$work/$service\""
done

# answers waits until all sessions have said a word, one of two, and tells whether
# all have said the first; what follows it is kept in $work/SERVICE.<word>.
answers() {
  local want=$1 other=$2 all=0 service word rest
  for _ in "${SERVICES[@]}"; do
    read -r -t "$answerTime" service word rest <&3 || fail "a database does not answer"
    case $word in
      "$want") printf '%s\n' "$rest" >"$work/$service.$want" ;;
      "$other") all=1 ;;
      *) fail "database of $service: $word $rest $(tail -n 1 "$work/$service.log")" ;;
    esac
  done
  return $all
}

for service in "${SERVICES[@]}"; do
  tell "$service" "SET lock_timeout = '$holdTime'; SET idle_in_transaction_session_timeout = 0;"
  # A superuser's patience with a lock that goes round in a circle is shorter than
  # that of the services, so that they never are the ones who give up.
  tell "$service" "SET deadlock_timeout = '100ms';"
  tell "$service" "SELECT coalesce(string_agg(format('%I', tablename), ', ' ORDER BY tablename), '') AS tables
    FROM pg_tables WHERE schemaname = 'public' \\gset"
  tell "$service" "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;"
  tell "$service" "\\echo $service ready :tables"
done
answers ready nothing
for service in "${SERVICES[@]}"; do
  [ -n "$(cat "$work/$service.ready")" ] || fail "the database of $service is empty"
done

held=
for ((try = 1; try <= holdTries; try++)); do
  for service in "${SERVICES[@]}"; do
    tell "$service" "SAVEPOINT hold; LOCK TABLE $(cat "$work/$service.ready") IN SHARE MODE;"
    tell "$service" $'\\if :ERROR\n\\echo '"$service"$' busy\n\\else\n\\echo '"$service"$' held\n\\endif'
  done
  if answers held busy; then
    held=yes
    break
  fi
  for service in "${SERVICES[@]}"; do tell "$service" "ROLLBACK TO SAVEPOINT hold; RELEASE SAVEPOINT hold;"; done
done
[ -n "$held" ] || fail "a long transaction keeps the databases from one moment ($(tail -qn 1 "$work"/*.log | sort -u)): try again later"

# The first query of a transaction notes what it sees; after it the locks may go.
for service in "${SERVICES[@]}"; do
  tell "$service" "SELECT clock_timestamp() AT TIME ZONE 'UTC' AS seen \\gset"
  tell "$service" "\\echo $service seen :seen"
done
answers seen nothing
for service in "${SERVICES[@]}"; do
  tell "$service" "ROLLBACK TO SAVEPOINT hold; RELEASE SAVEPOINT hold;"
  tell "$service" "SELECT pg_export_snapshot() AS snapshot \\gset"
  tell "$service" "\\echo $service snapshot :snapshot"
done
answers snapshot nothing

for service in "${SERVICES[@]}"; do
  db "$service" pg_dump --no-password --format=custom --no-owner --no-privileges \
    --snapshot="$(cat "$work/$service.snapshot")" >"$partial/$service.dump" || fail "the dump of $service failed"
done
printf 'moment %s\n' "$(sort "$work"/*.seen | head -n 1)" >"$partial/backup.txt"
(cd "$partial" && sums backup.txt ./*.dump >SHA256SUMS)
mv "$partial" "$target"
echo "$target: $(du -sh "$target" | cut -f 1), as of $(cut -d ' ' -f 2- "$target/backup.txt") UTC"
