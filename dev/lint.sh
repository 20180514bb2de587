#!/usr/bin/env bash
# Code checks: ruff, pylint-odoo, and Odoo's own test_lint on our modules.
. "$(dirname "$0")/lib.sh"
use_environment
cd "$REPO"
failed=0

say "ruff"
ruff check . || failed=1
ruff format --check . || failed=1

say "pylint-odoo"
# A large class stands in one file per subject: the check would merge them.
pylint --rcfile=.pylintrc --disable=consider-merging-classes-inherited ${MODULES//,/ } || failed=1

say "Odoo's own pylint checks"
# Its test would read all of Odoo as well: they are run on our modules alone.
PYTHONPATH=$ADDONS/test_lint/tests:$PYTHONPATH pylint --rcfile=/dev/null --reports=n --score=n \
    --load-plugins=pylint.extensions.bad_builtin,_odoo_checker_sql_injection,_odoo_checker_gettext,_odoo_checker_unlink_override \
    --disable=all,unknown-option-value --enable=used-before-assignment,undefined-variable,eval-used,unreachable,function-redefined,bad-builtin \
    --enable=sql-injection,missing-gettext,gettext-variable,gettext-placeholders,gettext-repr,raise-unlink-override \
    --bad-functions=input ${MODULES//,/ } || failed=1

say "Odoo's own checks (test_lint)"
log=$STATE/lint.log
copy_db "$(cat "$STATE/base_db")" "$LINT_DB"
# Left out: tests of the checkers themselves, what has just run, and eslint, which set-up does not install.
tests=/test_lint,-/test_lint:TestGetTextLint,-/test_lint:TestSqlLint,-/test_lint:TestI18nChecks,-/test_lint:TestPyLint,-/test_lint:TestESLint
odoo -d "$LINT_DB" -i "$MODULES,test_lint" --test-tags="$tests" --stop-after-init --no-http --log-level=info >"$log" 2>&1 || true
if grep -E ' (WARNING|ERROR|CRITICAL) ' "$log" >&2; then failed=1; fi
if ! grep -qE '0 failed, 0 error\(s\) of [1-9]' "$log"; then
    tail -5 "$log" >&2
    note "test_lint did not run to its end: $log"
    failed=1
fi
drop_db "$LINT_DB"

[ $failed = 0 ] && say "No findings"
exit $failed
