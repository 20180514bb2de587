"""Rules for the whole suite: a test that was skipped did not pass."""

from unittest import mock

import pytest

# The only reasons a machine may have for not running a test.
ACCEPTED_SKIPS = (
    *("chrome is not", "chromium is not", "browser is not", "wkhtmltopdf is not"),
    *("chrome executable not found", "wkhtmltopdf not"),
)

_refused = {}


def pytest_runtest_logreport(report):
    _note_skip(report)


def pytest_collectreport(report):
    _note_skip(report)  # a whole file


def _note_skip(report):
    """Remember a skip without a good reason, whichever process ran the test."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[-1] if report.longrepr else "")
    if not any(words in reason.lower() for words in ACCEPTED_SKIPS):
        _refused[report.nodeid] = reason


def pytest_sessionfinish(session, exitstatus):
    # With nothing but skipped files, no test is collected.
    if _refused and exitstatus in (
        *(pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED),
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    for name, reason in _refused.items():
        terminalreporter.write_line(
            f"FAILED (skipped without a good reason) {name}: {reason}"
        )


@pytest.fixture(scope="session", autouse=True)
def keep_files_of_other_processes(request):
    """Leave the filestore alone after each class of tests.

    The processes that share the tests have one filestore. Odoo would remove each file
    its own database does not know, that is, what the others' open transactions wrote.
    """
    if not request.config.pluginmanager.hasplugin("odoo"):
        yield
        return
    from odoo.tests import TransactionCase

    with mock.patch.object(TransactionCase, "_gc_filestore"):
        yield


@pytest.fixture(scope="session", autouse=True)
def know_the_charts_of_accounts(request):
    """Look once which charts of accounts there are: each class makes companies.

    Odoo asks every module for it, again after each change to the modules' records.
    """
    if not request.config.pluginmanager.hasplugin("odoo"):
        yield
        return
    from odoo.addons.account.models.chart_template import AccountChartTemplate

    find = AccountChartTemplate._get_chart_template_mapping
    known = {}

    def find_once(self, get_all=False):
        key = (self.env.cr.dbname, self.env.lang, get_all)
        if key not in known:
            known[key] = find(self, get_all)
        return dict(known[key])

    with mock.patch.object(
        AccountChartTemplate, "_get_chart_template_mapping", find_once
    ):
        yield
