# Paths and small helpers shared by the environment scripts. Sourced, not run.
#
# Settings a person may give in the environment:
#   ODOO_HOME          an Odoo 19 to use instead of the packaged one (git checkout or installed)
#   PGHOST PGPORT PGUSER PGPASSWORD   a PostgreSQL server to use instead of a private one
#   COLLECTIONS_CACHE  where downloads, the virtual environment and the private server live
#   PYTHON3            the Python to build the virtual environment with (3.10 to 3.13)
#   HTTP_PORT          the port `make demo` serves on (8069)
#   SMTP_PORT          the port of the local mail catcher (8025)

set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# PostgreSQL refuses to run as root, and the account it then runs under cannot enter root's home.
if [ "$(id -u)" = 0 ]; then default_cache=/var/cache/collections-odoo19
else default_cache=${XDG_CACHE_HOME:-$HOME/.cache}/collections-odoo19; fi
CACHE=${COLLECTIONS_CACHE:-$default_cache}
CLONE_ID=$(printf %s "$REPO" | sha256sum | cut -c1-8)
STATE=$CACHE/clones/$CLONE_ID
MODULES=collections_mgmt,collections_portal,collections_sms,collections_snailmail
DEMO_DB=collections_demo_$CLONE_ID
TEST_DB=collections_test_$CLONE_ID
LINT_DB=collections_lint_$CLONE_ID

say() { printf '==> %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# patiently LOG COMMAND...: run it, what it writes goes to a file; say now and then that it goes on.
patiently() {
    local log=$1 status=0 ticker; shift
    ( seconds=0
      while sleep 20 && kill -0 $$ 2>/dev/null; do seconds=$((seconds + 20)); note "$seconds s"; done ) &
    ticker=$!
    "$@" >"$log" 2>&1 || status=$?
    kill "$ticker" 2>/dev/null && wait "$ticker" 2>/dev/null
    return $status
}

# as_root COMMAND...: run with root's rights, or fail without asking for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1; fi
}

# locked NAME COMMAND...: one clone at a time does a shared step.
locked() {
    mkdir -p "$CACHE"
    local name=$1; shift
    # The command itself does not hold the lock: a server it starts would keep it.
    (
        flock -n 9 || { say "Waiting for another command that prepares the same ($name)"; flock 9; }
        "$@" 9>&-
    ) 9>"$CACHE/.$name.lock"
}

# add_stub ADDONS: Debian's packaging leaves a file out without which every page of the web
# client logs a script error.
add_stub() {
    local file=$1/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    if [ ! -f "$file" ]; then mkdir -p "$(dirname "$file")"; echo "// not packaged" >"$file"; fi
}

# take_installed_odoo PACKAGE: sets ODOO_PATH to a folder of links to it, made anew when it
# was upgraded. What it lacks is added there: its own folder belongs to root.
take_installed_odoo() {
    ODOO_PATH=$CACHE/installed-$({ printf %s "$1"; stat -c %Z "$1/release.py"; } | sha256sum | cut -c1-8)
    [ ! -d "$ODOO_PATH" ] || return 0
    rm -rf "$CACHE"/installed-*; mkdir -p "$ODOO_PATH.new"
    cp -as "$1" "$ODOO_PATH.new/odoo"
    add_stub "$ODOO_PATH.new/odoo/addons"
    mv "$ODOO_PATH.new" "$ODOO_PATH"
}

# odoo_paths: sets ODOO_PATH (what PYTHONPATH needs), ADDONS (the folder with Odoo's own) and ADDONS_PATH.
odoo_paths() {
    if [ -n "${ODOO_HOME:-}" ]; then
        local package=$ODOO_HOME
        [ -f "$package/release.py" ] || package=$ODOO_HOME/odoo
        [ -f "$package/release.py" ] ||
            die "ODOO_HOME=$ODOO_HOME holds no Odoo: give the folder that contains odoo/release.py"
        package=$(cd "$package" && pwd)
        ODOO_PATH=$(dirname "$package")
        # An installed one lies among the packages of another Python: it is taken alone.
        if [ ! -f "$ODOO_PATH/odoo-bin" ]; then take_installed_odoo "$package"; fi
    else
        ODOO_PATH=$CACHE/odoo/usr/lib/python3/dist-packages
    fi
    # Only a git checkout keeps addons beside the package; the sibling folder of the
    # Debian package is an incomplete copy.
    ADDONS=$ODOO_PATH/addons
    if [ -d "$ODOO_PATH/odoo/addons/account" ]; then ADDONS=$ODOO_PATH/odoo/addons; fi
    [ -d "$ADDONS/account" ] || [ -z "${ODOO_HOME:-}" ] || die "ODOO_HOME=$ODOO_HOME holds no addons: 'account' was looked for in $ADDONS"
    ADDONS_PATH=$ADDONS,$REPO
}

# use_environment: everything a command needs once dev/setup.sh has run.
use_environment() {
    odoo_paths
    export PYTHONPATH=$ODOO_PATH
    export ODOO_RC=$STATE/odoo.conf
    PATH=$(cat "$STATE/venv")/bin:$PATH; export PATH
    if [ -z "${PGHOST:-}${PGPORT:-}${PGUSER:-}" ]; then
        export PGHOST=$CACHE/postgres/run PGUSER=odoo
        PGPORT=$(cat "$CACHE/postgres/port"); export PGPORT
    fi
    export COLLECTIONS_STATE=$STATE DEMO_DB TEST_DB LINT_DB MODULES
}

# db_exists NAME: the database and its files. A server of the person's own still has the
# first when the cache with the second is gone.
db_exists() {
    [ "$(psql -XAtd postgres -c "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ] &&
        [ -d "$CACHE/data/filestore/$1" ]
}

drop_db() {
    PGOPTIONS="-c client_min_messages=warning" psql -Xqd postgres -c "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)"
    rm -rf "$CACHE/data/filestore/$1"
}

# copy_db FROM TO: database and filestore; TO appears complete or not at all.
copy_db() {
    drop_db "$2"; drop_db "$2_new"
    createdb -T "$1" "$2_new"
    if [ -d "$CACHE/data/filestore/$1" ]; then
        cp -a "$CACHE/data/filestore/$1" "$CACHE/data/filestore/$2"
    fi
    psql -Xqd postgres -c "ALTER DATABASE \"$2_new\" RENAME TO \"$2\""
}

# server_pid: the private server's process, nothing if it does not run. The file that a
# crash leaves behind may name another process by now.
server_pid() {
    local pid
    pid=$(head -1 "$CACHE/postgres/data/postmaster.pid" 2>/dev/null) || return 0
    if [ "/proc/$pid/cwd" -ef "$CACHE/postgres/data" ]; then echo "$pid"; fi
}

odoo() { python -m odoo "$@"; }
