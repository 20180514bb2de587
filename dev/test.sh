#!/usr/bin/env bash
# The whole suite in databases of its own. Arguments go to pytest.
#   COVERAGE  "no" leaves out the report of the lines that no test has run; it is also left out where arguments pick tests
#   WORKERS   how many processes share the tests, each with its own copy of the database
. "$(dirname "$0")/lib.sh"
use_environment

say "Installing the modules in a test database"
copy_db "$(cat "$STATE/base_db")" "$TEST_DB"
patiently "$STATE/install.log" odoo -d "$TEST_DB" -i "$MODULES,payment_demo" --load-language=es_ES,es_419 \
    --stop-after-init --no-http ||
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
# A class stays in one process, which has prepared its records once. Each process takes a gigabyte.
cores=$(nproc)
options=(-n "${WORKERS:-$((cores < 4 ? cores : 4))}" --dist loadscope)
if [ $# = 0 ] && [ "${COVERAGE:-}" != no ]; then options+=(--cov --cov-config=setup.cfg); fi
exec python -m pytest "${options[@]}" "$@"
