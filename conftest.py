"""Rules for the whole suite: a test that was skipped did not pass."""

import pytest

# The only reasons a machine may have for not running a test.
ACCEPTED_SKIPS = ("chrome", "chromium", "browser", "wkhtmltopdf")

_refused = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if report.longrepr else "")
        if not any(word in reason.lower() for word in ACCEPTED_SKIPS):
            _refused.append(f"{item.nodeid}: {reason}")


def pytest_sessionfinish(session, exitstatus):
    if _refused and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    for line in _refused:
        terminalreporter.write_line(f"FAILED (skipped without a good reason) {line}")
