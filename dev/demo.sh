#!/usr/bin/env bash
# The demo: a sample company's books, today's collection run, and the web client.
# Options: --no-serve ends after the run; --reset makes the database anew.
. "$(dirname "$0")/lib.sh"
use_environment

SERVE=1
RESET=
for option in "$@"; do
    case $option in
        --no-serve) SERVE= ;;
        --reset) RESET=1 ;;
        *) die "unknown option $option (there are --no-serve and --reset)" ;;
    esac
done

export MAILDIR=$STATE/mail

# What the modules are made of, to know whether the demo has to follow a change.
modules_state() {
    ( cd "$REPO"
      find ${MODULES//,/ } -type f ! -name '*.pyc' ! -path '*/tests/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16 )
}
demo_state() { psql -XAtd postgres -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$DEMO_DB'"; }
mark_demo() { psql -Xqd postgres -c "COMMENT ON DATABASE \"$1\" IS '$2'"; }

create_demo() {
    say "Creating the demo database: two years of a wholesaler's books (once, 2 to 3 minutes)"
    local building=${DEMO_DB}_building log=$STATE/demo.log
    drop_db "$DEMO_DB"
    copy_db "$(cat "$STATE/base_db")" "$building"
    patiently "$log" odoo -d "$building" -i "$MODULES" --load-language=es_ES,es_419 --stop-after-init --no-http ||
        { tail -20 "$log" >&2; die "the modules could not be installed: $log"; }
    log=$STATE/demo_books.log
    patiently "$log" odoo shell -d "$building" --no-http --smtp-port="$SMTP_PORT" <"$REPO/dev/demo_books.py" ||
        { tail -20 "$log" >&2; die "the demo data could not be written: $log"; }
    grep -q 'demo books written' "$log" || { tail -20 "$log" >&2; die "the demo data could not be written: $log"; }
    mark_demo "$building" "$state"
    psql -Xqd postgres -c "ALTER DATABASE \"$building\" RENAME TO \"$DEMO_DB\""
    mv "$CACHE/data/filestore/$building" "$CACHE/data/filestore/$DEMO_DB"
}

update_demo() {
    say "Updating the demo database: the modules changed since it was made"
    patiently "$STATE/demo.log" odoo -d "$DEMO_DB" -i "$MODULES" -u "$MODULES" --stop-after-init --no-http ||
        { tail -20 "$STATE/demo.log" >&2
          die "the demo database could not be updated: $STATE/demo.log. Make it anew with: make demo ARGS=--reset"; }
    mark_demo "$DEMO_DB" "$state"
}

prepare_demo() {
    local state
    state=$(modules_state)
    [ -z "$RESET" ] || drop_db "$DEMO_DB"
    if ! db_exists "$DEMO_DB"; then create_demo
    elif [ "$(demo_state)" != "$state" ]; then update_demo; fi
}

answers() { (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_catcher: sets CATCHER and SMTP_PORT. A demo that was killed may still hold the usual
# port; one that was asked for has to be free.
start_catcher() {
    local port=${SMTP_PORT:-8025 or-next} said
    # shellcheck disable=SC2086  # two words
    exec {said}< <(exec python "$REPO/dev/mail_catcher.py" "$MAILDIR" $port)
    CATCHER=$!
    trap 'kill $CATCHER 2>/dev/null || true' EXIT
    read -r -u "$said" SMTP_PORT || die "the mail catcher does not start"
    say "Mail catcher on port $SMTP_PORT, messages in $MAILDIR"
}

# choose_http_port: sets HTTP_PORT in the same way.
choose_http_port() {
    local port=${HTTP_PORT:-8069}
    while answers "$port"; do
        [ -z "${HTTP_PORT:-}" ] || die "port $port is taken: set HTTP_PORT to a free one"
        port=$((port + 1))
    done
    HTTP_PORT=$port
}

collect() {
    say "Collection run of today"
    rm -f "$STATE/run.ok"
    # The shell ends well even if the script did not.
    if ! odoo shell -d "$DEMO_DB" --no-http --smtp-port="$SMTP_PORT" <"$REPO/dev/demo_run.py" 2>"$STATE/run.log" ||
        [ ! -f "$STATE/run.ok" ]; then
        tail -20 "$STATE/run.log" >&2
        die "the collection run failed: $STATE/run.log"
    fi
    note "$(find "$MAILDIR/new" -type f | wc -l) real e-mails of today and the weeks before are in $MAILDIR"
}

[ -z "$SERVE" ] || choose_http_port
# The mailbox belongs to the database.
if [ -n "$RESET" ] || ! db_exists "$DEMO_DB"; then rm -rf "$MAILDIR"; fi
start_catcher
# One after the other: what is left of a command that was killed may still be at it.
locked "demo-$CLONE_ID" prepare_demo
locked "demo-$CLONE_ID" collect

[ -n "$SERVE" ] || exit 0
cat <<TEXT

  Open http://localhost:$HTTP_PORT/odoo/collections

  log-in       password     sees
  accountant   accountant   everything, configures strategies, starts runs
  collector    collector    the cases of one portfolio, in Spanish
  viewer       viewer       everything, changes nothing
  portal       portal       a customer: http://localhost:$HTTP_PORT/my

  Outgoing mail is caught in $MAILDIR. End with Ctrl-C.

TEXT
# The catcher ends with this process.
trap - EXIT
exec python -m odoo -d "$DEMO_DB" --db-filter="^$DEMO_DB\$" --http-port="$HTTP_PORT" --smtp-port="$SMTP_PORT" \
    --max-cron-threads=1 2>>"$STATE/serve.log"
