#!/usr/bin/env bash
# Removes what the other commands made, in the cache and on the PostgreSQL server.
. "$(dirname "$0")/lib.sh"

drop_databases() {
    local db
    for db in $(psql -XAtd postgres -c "SELECT datname FROM pg_database WHERE datname ~ '^collections_(demo|test|lint|bench)_${CLONE_ID}' OR datname ~ '^collections_base_'"); do
        psql -Xqd postgres -c "DROP DATABASE IF EXISTS \"$db\" WITH (FORCE)"
    done
}

[ -z "${PGHOST:-}${PGPORT:-}${PGUSER:-}" ] || drop_databases
if [ -f "$CACHE/postgres/data/postmaster.pid" ]; then
    kill -INT "$(head -1 "$CACHE/postgres/data/postmaster.pid")" 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -f "$CACHE/postgres/data/postmaster.pid" ] || break
        sleep 1
    done
fi
rm -rf "$CACHE"
find "$REPO" -name __pycache__ -type d -prune -exec rm -rf {} +
say "Removed $CACHE"
