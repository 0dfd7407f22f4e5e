#!/usr/bin/env bash
# Puts the four databases back to what scripts/backup.sh has kept, in place of what
# is in them.
#
#   scripts/restore.sh [--yes] DIRECTORY
#
# In Compose it stops the services, brings up what they need (also where nothing has
# ever run), and starts the whole again; elsewhere nobody may be connected to the
# databases: scale the services to 0 first. What the dumps cannot know is set right:
#
# - Events that were sent and that a consumer does not remember are sent once more:
#   they were on their way in RabbitMQ. Consumers know what they had.
# - Sessions end, everybody signs in again: what was revoked since stays revoked.
# - Numbers (orders, products, …) go on RESTORE_SKIP (default 10000) further, so that
#   one that was given after the backup never becomes another order's, and so do the
#   versions of products, so that no browser takes an old page for the present one.
# - Queues and cache are emptied: they tell of a time that never was.
#
# Each database changes wholly or not at all; a restore that was interrupted is
# repeated. See databases.sh for databases that are not in Compose.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
# shellcheck source=scripts/databases.sh
. scripts/databases.sh
SKIP=${RESTORE_SKIP:-10000}

yes=
[ "${1:-}" != --yes ] || { yes=1 && shift; }
[ $# = 1 ] || fail "say which backup: scripts/restore.sh [--yes] DIRECTORY"
case $1 in /*) backup=$1 ;; *) if [ -e "$1" ]; then backup=$PWD/$1; else backup=$here/$1; fi ;; esac
[ -d "$backup" ] || fail "$1 is no directory"
[[ $SKIP =~ ^[0-9]{1,12}$ ]] || fail "RESTORE_SKIP is a number of numbers, not $SKIP"
for file in backup.txt SHA256SUMS "${SERVICES[@]/%/.dump}"; do
  [ -f "$backup/$file" ] || fail "$1 is no backup: $file is missing"
done
(cd "$backup" && [ "$(sums backup.txt ./*.dump)" = "$(cat SHA256SUMS)" ]) || fail "$1 is damaged: its sums differ from SHA256SUMS"

moment=$(sed -n 's/^moment //p' "$backup/backup.txt")
if [ -z "$yes" ]; then
  [ -t 0 ] || fail "this replaces all orders, users and products: say --yes"
  read -r -p "Replace all orders, users and products by those of $moment UTC? [yes/no] " answer
  [ "$answer" = yes ] || fail "nothing was changed"
fi

if in_compose; then
  docker compose stop edge "${SERVICES[@]}"
  docker compose up -d --wait redis rabbitmq "${SERVICES[@]/#/postgres-}"
fi
for service in "${SERVICES[@]}"; do
  who=$(sql "$service" -c "SELECT string_agg(DISTINCT application_name, ', ') FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = '$service'")
  [ -z "$who" ] || fail "the $service service is connected to its database: stop the services first"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A dump is read where PostgreSQL is, so that its version fits. What is there goes
# first, also what an older dump knows nothing of.
for service in "${SERVICES[@]}"; do
  db "$service" pg_restore --no-owner --no-privileges --file=- <"$backup/$service.dump" >"$work/sql" || fail "the dump of $service cannot be read; nothing of $service was changed"
  {
    echo "SET lock_timeout = '10s'; SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
    # All of it is the owner's of the database, whoever restores it.
    echo "SELECT format(x, pg_get_userbyid(datdba)) FROM unnest(ARRAY['CREATE SCHEMA public AUTHORIZATION %I', 'SET ROLE %I']) AS x, pg_database WHERE datname = current_database() \\gexec"
    cat "$work/sql"
    # Sessions of exporters and of people go on; what they ask for is found by name.
    echo "SET search_path = public;"
    echo "SELECT set_config('shop.skip', '$SKIP', true);"
    cat scripts/restore/numbers.sql
    [ ! -f "scripts/restore/$service.sql" ] || cat "scripts/restore/$service.sql"
  } | sql "$service" --single-transaction --output=/dev/null || fail "$service was not restored, it has what it had; repeat when that is mended"
  echo "$service restored"
done

# What the consumers remember, held against what order has sent.
{
  echo "CREATE TEMPORARY TABLE handled (consumer text, message_id text);"
  echo "COPY handled FROM STDIN;"
  for consumer in product notification; do
    sql "$consumer" -c "COPY (SELECT DISTINCT '$consumer', message_id FROM inbox) TO STDOUT"
  done
  echo '\.'
  cat scripts/restore/events.sql
} | sql order --single-transaction

if in_compose; then
  docker compose exec -T rabbitmq sh -c 'rabbitmqctl --quiet list_queues --no-table-headers name | while read -r queue; do rabbitmqctl --quiet delete_queue "$queue" || exit 1; done' >/dev/null
  docker compose rm --stop --force redis
  docker compose up -d --wait
fi
echo "restored: everything as of $moment UTC"
