#!/usr/bin/env bash
# The whole suite in a database of its own. Arguments go to pytest.
#   COVERAGE  "yes" reports which lines no test has run
. "$(dirname "$0")/lib.sh"
use_environment

say "Installing the modules in a test database"
copy_db "$(cat "$STATE/base_db")" "$TEST_DB"
odoo -d "$TEST_DB" -i "$MODULES,payment_demo" --load-language=es_ES,es_419 --stop-after-init --no-http >"$STATE/install.log" 2>&1 ||
    { tail -20 "$STATE/install.log" >&2; die "the modules could not be installed: $STATE/install.log"; }
if grep -E ' (WARNING|ERROR|CRITICAL) ' "$STATE/install.log" >&2; then
    die "the installation wrote the warnings above"
fi

say "Running the tests"
cd "$REPO"
export COLLECTIONS_BASE_DB; COLLECTIONS_BASE_DB=$(cat "$STATE/base_db")
export COVERAGE_FILE=$STATE/coverage PYTHONDONTWRITEBYTECODE=1
HTTP_PORT=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed "s/^http_port = .*/http_port = $HTTP_PORT/; \$a db_name = $TEST_DB" "$STATE/odoo.conf" >"$STATE/test.conf"
export ODOO_RC=$STATE/test.conf
if [ "${COVERAGE:-}" != yes ]; then exec python -m pytest "$@"; fi
status=0
coverage run -m pytest "$@" || status=$?
coverage report || true
exit $status
