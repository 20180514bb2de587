#!/usr/bin/env bash
# Takes the pictures of docs/images from the demo database (see `make demo`).
. "$(dirname "$0")/lib.sh"
use_environment
command -v chromium >/dev/null || die "chromium is needed for the pictures"
db_exists "$DEMO_DB" || "$REPO/dev/demo.sh" --no-serve
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python -m odoo -d "$DEMO_DB" --db-filter="^$DEMO_DB\$" --http-port="$port" --max-cron-threads=0 >"$STATE/screenshots.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
python "$REPO/dev/screenshots.py" "http://127.0.0.1:$port" "$REPO/docs/images" "$@"
