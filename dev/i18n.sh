#!/usr/bin/env bash
# Exports the terms of the modules and merges them into the Spanish files.
. "$(dirname "$0")/lib.sh"
use_environment
db=${TEST_DB}_i18n
copy_db "$(cat "$STATE/base_db")" "$db"
trap 'drop_db "$db"' EXIT
odoo -d "$db" -i "$MODULES" --stop-after-init --no-http >"$STATE/i18n.log" 2>&1 ||
    { tail -20 "$STATE/i18n.log" >&2; die "the modules could not be installed"; }
status=0
for module in ${MODULES//,/ }; do
    odoo i18n export -c "$ODOO_RC" -d "$db" "$module" >>"$STATE/i18n.log" 2>&1
    python "$REPO/dev/merge_terms.py" "$REPO/$module/i18n" "$module" || status=1
done
exit $status
