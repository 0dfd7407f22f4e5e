#!/usr/bin/env bash
# Runs once, when the server is new: the service gets a database of its own, whose
# owner is no superuser, and the exporter a role that sees figures and no rows.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username postgres --dbname postgres \
  --set role="${SERVICE}_service" --set database="${SERVICE}_service_db" <<'SQL'
\set password `cat /run/secrets/password`
\set exporter `cat /run/secrets/exporter_password`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
CREATE ROLE exporter LOGIN PASSWORD :'exporter' IN ROLE pg_monitor;
GRANT CONNECT ON DATABASE :"database" TO exporter;
SQL
