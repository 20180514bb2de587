#!/usr/bin/env bash
# Removes what the other commands made, in the cache and on the PostgreSQL server.
. "$(dirname "$0")/lib.sh"

drop_databases() {
    local db
    # Those of other clones lose their files with the cache.
    for db in $(psql -XAtd postgres -c "SELECT datname FROM pg_database WHERE datname ~ '^collections_(demo|test|lint|bench|base)_'"); do
        [[ $db == *"_$CLONE_ID"* ]] || [ -d "$CACHE/data/filestore/$db" ] || continue
        psql -Xqd postgres -c "DROP DATABASE IF EXISTS \"$db\" WITH (FORCE)"
    done
}

# The server of a demo that was killed, for one: without its database it is of no use.
stop_what_still_runs() {
    local place
    for place in $(grep -lszF "COLLECTIONS_STATE=$CACHE/" /proc/[0-9]*/environ); do
        kill "$(echo "$place" | cut -d/ -f3)" 2>/dev/null || true
    done
}

stop_what_still_runs
[ -z "${PGHOST:-}${PGPORT:-}${PGUSER:-}" ] || drop_databases
pid=$(server_pid)
if [ -n "$pid" ]; then
    kill -INT "$pid"
    for _ in $(seq 50); do
        [ -n "$(server_pid)" ] || break
        sleep 0.2
    done
fi
# Piece by piece: the folder may be one that a person uses for other things as well.
rm -rf "$CACHE"/{apt.log,pip.log,initdb.log,rival.log,rival,clones,data,odoo,odoo.tmp,postgres} \
    "$CACHE"/{installed,not-installed,venv}-* "$CACHE"/.*.lock
rmdir --ignore-fail-on-non-empty "$CACHE" 2>/dev/null || true
rm -rf "$REPO"/{.hypothesis,.ruff_cache,.pytest_cache,.coverage,htmlcov}
find "$REPO" -name __pycache__ -type d -prune -exec rm -rf {} +
say "Removed what was made in $CACHE"
