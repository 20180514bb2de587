#!/usr/bin/env bash
# Measures the suite beside a published rival on the same books, see docs/performance.md.
#   SIZE    open items, one or several numbers (10000)
#   RIVAL   "no" leaves the rival out, "full" measures its messages for all debtors
#   POSTING invoices that are posted and paid with and without the suite (1000)
#   OUT     a file that gets the figures (JSON) as well
. "$(dirname "$0")/lib.sh"
use_environment
odoo_paths

RIVAL_PACKAGE=odoo-addon-account-credit-control==19.0.*
RIVAL_HOME=$CACHE/rival
RESULT=$STATE/bench.json
RIVAL_OPTIONS=(--rival-note "not available")

fetch_rival() {
    [ -f "$RIVAL_HOME/.complete" ] && return
    say "Fetching the rival's package (once)"
    rm -rf "$RIVAL_HOME"
    # Without what it depends on: that is Odoo itself.
    PYTHONPATH= pip install -q --disable-pip-version-check --no-deps --target "$RIVAL_HOME" \
        "$RIVAL_PACKAGE" >"$CACHE/rival.log" 2>&1 &&
        [ -f "$RIVAL_HOME/odoo/addons/account_credit_control/__manifest__.py" ] &&
        touch "$RIVAL_HOME/.complete"
}

if [ "${RIVAL:-}" = no ]; then RIVAL_OPTIONS=(--rival-note "left out")
elif locked rival fetch_rival; then
    RIVAL_OPTIONS=(--rival-addons "$RIVAL_HOME/odoo/addons")
    if [ "${RIVAL:-}" = full ]; then RIVAL_OPTIONS+=(--rival-all); fi
else note "the rival's package cannot be had: $CACHE/rival.log"; fi

say "Measuring"
cd "$REPO"
# shellcheck disable=SC2086  # SIZE may hold several numbers
python -m benchmarks.run ${SIZE:-10000} --base "$(cat "$STATE/base_db")" \
    --prefix "collections_bench_$CLONE_ID" --addons-path "$ADDONS_PATH" \
    --posting "${POSTING:-1000}" --json "$RESULT" "${RIVAL_OPTIONS[@]}"
note "figures: $RESULT"
[ -z "${OUT:-}" ] || cp "$RESULT" "$OUT"
