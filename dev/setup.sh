#!/usr/bin/env bash
# Makes this machine ready: Odoo 19, Python packages, PostgreSQL, browser, wkhtmltopdf.
# Safe to run again at any time; a step that is done costs nothing.
. "$(dirname "$0")/lib.sh"

postgres_bin() {
    local dir
    dir=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -n "$dir" ] && [ -x "$dir/initdb" ]; then echo "$dir"
    elif command -v initdb >/dev/null; then dirname "$(command -v initdb)"; fi
}

python_bin() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11 python3.10)
    [ -z "${PYTHON3:-}" ] || candidates=("$PYTHON3")
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
        then command -v "$candidate"; return; fi
    done
}

apt_root() { as_root env DEBIAN_FRONTEND=noninteractive "$@" >>"$CACHE/apt.log" 2>&1; }

apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ -z "${APT_UPDATED:-}" ]; then apt_root apt-get update -q || return 1; APT_UPDATED=1; fi
    local install=(apt-get install -qy --no-install-recommends -o DPkg::Lock::Timeout=300 "$@")
    # An installation that was killed has to be finished before the next one.
    apt_root "${install[@]}" || { apt_root dpkg --configure -a && apt_root "${install[@]}"; }
}

# need COMMAND-THAT-PROVES-IT PACKAGES...: install what the suite cannot do without.
need() {
    local proof=$1; shift
    [ -n "$($proof)" ] && return
    say "Installing $*"
    if ! apt_install "$@" || [ -z "$($proof)" ]; then
        die "please install: $* (as root: apt-get install $*), then run the command again. Details: $CACHE/apt.log"
    fi
}

# wish COMMAND-THAT-PROVES-IT WHAT-GOES-MISSING PACKAGES...: install what it can go on without.
wish() {
    local proof=$1 loss=$2; shift 2
    [ -n "$($proof)" ] && return
    # What could not be had is not tried again by every command of the day.
    local tried=$CACHE/not-installed-$1
    if [ -z "$(find "$tried" -mmin -720 2>/dev/null)" ]; then
        say "Installing $*"
        apt_install "$@" && return
        touch "$tried"
    fi
    note "$* could not be installed: $loss"
}

# What drives the browser in tests and for pictures (playwright's node) is linked to it.
libatomic() { ls /usr/lib/*/libatomic.so.1 /usr/lib*/libatomic.so.1 2>/dev/null; }

private_postgres_wanted() { [ -z "${PGHOST:-}${PGPORT:-}${PGUSER:-}" ]; }

system_packages() {
    [ -z "${PYTHON3:-}" ] || [ -n "$(python_bin)" ] || die "PYTHON3=$PYTHON3 is no Python 3.10 to 3.13 with venv"
    if command -v apt-get >/dev/null; then
        need python_bin python3 python3-venv
        if private_postgres_wanted; then need postgres_bin postgresql postgresql-client; fi
        need "command -v psql" postgresql-client
    else
        [ -n "$(python_bin)" ] || die "Python 3.10 to 3.13 with venv is needed"
        if private_postgres_wanted; then [ -n "$(postgres_bin)" ] || die "PostgreSQL 13 or newer is needed"; fi
        command -v psql >/dev/null || die "the PostgreSQL client (psql) is needed"
        [ -n "${ODOO_HOME:-}" ] || die "set ODOO_HOME to an Odoo 19: this system has no Debian packages"
    fi
    wish "command -v chromium" "browser tests will be skipped" chromium fonts-dejavu-core
    [ -z "$(command -v chromium)" ] || wish libatomic "browser tests will fail" libatomic1
    wish "command -v wkhtmltopdf" "PDF tests will be skipped" wkhtmltopdf fonts-dejavu-core
}

# The machine's own Debian mirror, from its apt configuration.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN) $(LABEL)' 2>/dev/null |
        awk '$4 == "Debian" && $5 == "Debian" && $3 == "main" { print $1; exit }'
}

fetch_odoo() {
    [ -f "$CACHE/odoo/.complete" ] && return
    local work=$CACHE/odoo.tmp mirror
    mirror=$(debian_mirror)
    if [ -z "$mirror" ]; then as_root apt-get update -q >/dev/null 2>&1 || true; mirror=$(debian_mirror); fi
    [ -n "$mirror" ] || die "no Debian mirror in apt's configuration: set ODOO_HOME to an Odoo 19 instead"
    say "Downloading Odoo 19 from the Debian archive (133 MB, once)"
    rm -rf "$work"; mkdir -p "$work"/{apt/lists/partial,cache/archives/partial,debs,root}
    cat >"$work/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: sid bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    # A state of its own: the machine's packages and sources stay untouched.
    cat >"$work/apt.conf" <<APT
Dir::State "$work/apt";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
Dir::Etc::SourceList "$work/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
// A mirror's index can be past its date; its signature is still checked.
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "root";
APT
    (
        cd "$work/debs"
        export APT_CONFIG=$work/apt.conf
        apt-get update -q >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "the Debian archive cannot be read"; }
        local version
        version=$(apt-cache madison odoo-19 | awk 'NR == 1 { print $3 }')
        case $version in 19.0.*) ;; *) die "the archive offers odoo-19 '$version', wanted 19.0" ;; esac
        # The web client needs Font Awesome 4; Debian's newer package is another font.
        patiently "$work/apt.log" apt-get download -q "odoo-19=$version" libjs-jquery libjs-jquery-form \
            libjs-underscore fonts-font-awesome/bookworm fonts-roboto-unhinted fonts-inconsolata \
            fonts-ocr-b fonts-montserrat ||
            { tail -5 "$work/apt.log" >&2; die "the download failed: run the command again"; }
    )
    say "Unpacking"
    local deb
    for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
    add_stub "$work/root/usr/lib/python3/dist-packages/odoo/addons"
    touch "$work/root/.complete"
    rm -rf "$CACHE/odoo"; mv "$work/root" "$CACHE/odoo"; rm -rf "$work"
}

check_odoo_version() {
    odoo_paths
    local version
    version=$("$PYTHON" -c 'import runpy, sys
print(".".join(map(str, runpy.run_path(sys.argv[1])["version_info"][:2])))' "$ODOO_PATH/odoo/release.py")
    [ "$version" = 19.0 ] || die "this suite is for Odoo 19.0, ODOO_HOME holds $version"
}

# One per set of packages and Python version; the clone remembers which one it uses.
make_venv() {
    local python version
    python=$(python_bin)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    VENV=$CACHE/venv-$version-$(sha256sum <"$REPO/dev/requirements.txt" | cut -c1-12)
    PYTHON=$VENV/bin/python
    mkdir -p "$STATE"
    echo "$VENV" >"$STATE/venv"
    # The Python it was made with may be gone since.
    [ -f "$VENV/.complete" ] && "$PYTHON" -c "" 2>/dev/null && return
    say "Installing Python packages for Python $version (once, about a minute)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
    PYTHONPATH= patiently "$CACHE/pip.log" "$VENV/bin/pip" install -q --disable-pip-version-check \
        --require-hashes -r "$REPO/dev/requirements.txt" ||
        { tail -5 "$CACHE/pip.log" >&2; die "the Python packages could not be installed: $CACHE/pip.log"; }
    touch "$VENV/.complete"
}

# The account that runs the private server: PostgreSQL refuses root.
as_server() {
    if [ "$(id -u)" = 0 ]; then ( cd / && runuser -u postgres -- "$@" ); else "$@"; fi
}

free_port() { "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

check_given_postgres() {
    # Odoo's own rule; better said here than after a minute.
    [ "${PGUSER:-}" != postgres ] || die "Odoo refuses the PostgreSQL user 'postgres': set PGUSER to another role that may create databases"
    psql -XAtd postgres -c "SELECT 1" >/dev/null ||
        die "the PostgreSQL server that PGHOST, PGPORT and PGUSER name does not answer"
}

start_postgres() {
    private_postgres_wanted || { check_given_postgres; return; }
    local home=$CACHE/postgres bin
    bin=$(postgres_bin)
    if [ ! -f "$home/.complete" ]; then
        say "Creating a private PostgreSQL server"
        rm -rf "$home"; mkdir -p "$home/run"
        [ "$(id -u)" = 0 ] && chown -R postgres "$home"
        as_server "$bin/initdb" -D "$home/data" -U odoo -A trust -E UTF8 --locale=C.UTF-8 >"$CACHE/initdb.log" 2>&1 ||
            { tail -5 "$CACHE/initdb.log" >&2; die "the database server could not be created"; }
        # A throw-away server: it may lose data when the machine crashes, and is twice as fast for it.
        # Compiling queries takes longer than the many small ones of a test run.
        cat >>"$home/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home/run'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 512MB
work_mem = 32MB
jit = off
max_wal_size = 4GB
max_connections = 120
CONF
        touch "$home/.complete"
    fi
    if [ -z "$(server_pid)" ]; then
        rm -f "$home/data/postmaster.pid"
        free_port >"$home/port"
        as_server "$bin/pg_ctl" -D "$home/data" -W -l "$home/data/server.log" \
            -o "-p $(cat "$home/port")" start >/dev/null || true
    fi
    # Also of a server that an earlier call, since killed, has only just started.
    local _try
    for _try in $(seq 120); do
        "$bin/pg_isready" -q -h "$home/run" -p "$(cat "$home/port")" && return
        sleep 0.5
    done
    tail -5 "$home/data/server.log" >&2
    die "the private PostgreSQL server does not start"
}

write_config() {
    mkdir -p "$STATE" "$CACHE/data"
    cat >"$STATE/odoo.conf.tmp" <<CONF
[options]
addons_path = $ADDONS_PATH
data_dir = $CACHE/data
db_maxconn = 32
http_interface = 127.0.0.1
http_port = ${HTTP_PORT:-8069}
log_level = warn
smtp_server = 127.0.0.1
smtp_port = ${SMTP_PORT:-8025}
email_from = cobranzas@example.com
list_db = False
CONF
    mv "$STATE/odoo.conf.tmp" "$STATE/odoo.conf"
}

# The Odoo modules ours stand on, installed once and copied for each database.
base_database() {
    use_environment
    local modules=account,account_payment,mail,phone_validation,portal,sms,l10n_cl
    BASE_DB=collections_base_$(cat "$ODOO_PATH/odoo/release.py" "$REPO/dev/requirements.txt" <(echo "$modules $ODOO_PATH") |
        sha256sum | cut -c1-8)
    echo "$BASE_DB" >"$STATE/base_db"
    db_exists "$BASE_DB" && return
    say "Preparing a database with Odoo's accounting (once, about a minute)"
    drop_db "$BASE_DB"; drop_db "${BASE_DB}_new"
    patiently "$STATE/base.log" odoo -d "${BASE_DB}_new" -i "$modules" --without-demo --stop-after-init --no-http ||
        { tail -20 "$STATE/base.log" >&2; die "Odoo could not be installed in a database: $STATE/base.log"; }
    mv "$CACHE/data/filestore/${BASE_DB}_new" "$CACHE/data/filestore/$BASE_DB"
    psql -Xqd postgres -c "ALTER DATABASE \"${BASE_DB}_new\" RENAME TO \"$BASE_DB\""
}

setup() {
    system_packages
    [ -n "${ODOO_HOME:-}" ] || fetch_odoo
    make_venv
    check_odoo_version
    start_postgres
    write_config
    base_database
}

locked setup setup
