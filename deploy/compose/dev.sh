#!/bin/sh
# Builds the service $SERVICE from /src and runs it, and both again whenever a file
# of it or of kit has changed. Ends with the service when it is told to.
set -u
running=
stop() {
  [ -z "$running" ] || kill -TERM "$running" 2>/dev/null
  [ -z "$running" ] || wait "$running"
  running=
}
trap 'stop; exit 0' TERM INT

changed() {
  [ -n "$(find "/src/kit" "/src/$SERVICE" -name testdata -prune -o -newer /tmp/stamp -type f ! -name '*_test.go' ! -name '*.md' -print -quit)" ]
}

while :; do
  touch /tmp/stamp
  if (cd "/src/$SERVICE" && go build -o /tmp/new "./cmd/$SERVICE"); then
    stop
    mv /tmp/new /tmp/service
    /tmp/service &
    running=$!
  fi
  until changed; do
    sleep 1 &
    wait $!
  done
done
