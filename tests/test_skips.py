"""The rule of the suite's conftest: a test that was skipped did not pass."""

import pathlib
import subprocess
import sys

import pytest

RULE = pathlib.Path(__file__).parent.parent / "conftest.py"
WAYS_TO_SKIP = {
    "test_function": "import pytest\n\ndef test_it():\n    pytest.skip({!r})\n",
    "test_case": (
        "import unittest\n\nclass TestIt(unittest.TestCase):\n"
        "    def test_it(self):\n        self.skipTest({!r})\n"
    ),
    "test_mark": (
        "import pytest\n\n@pytest.mark.skip(reason={!r})\ndef test_it():\n    pass\n"
    ),
    "test_file": "import pytest\n\npytest.skip({!r}, allow_module_level=True)\n",
}


def run_suite_of(folder, reason, ways=WAYS_TO_SKIP, workers=0):
    """Run a suite under the rule in which some tests are skipped for a reason."""
    (folder / "conftest.py").write_text(RULE.read_text())
    (folder / "test_passes.py").write_text("def test_passes():\n    pass\n")
    for name in ways:
        (folder / f"{name}.py").write_text(WAYS_TO_SKIP[name].format(reason))
    options = ("-q", "-p", "no:odoo", "-p", "no:cacheprovider", "-n", str(workers))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_every_way_to_skip_is_named(tmp_path, workers):
    done = run_suite_of(tmp_path, "browser test, one day", workers=workers)
    named = [line for line in done.stdout.splitlines() if "without a good" in line]
    assert len(named) == len(WAYS_TO_SKIP), done.stdout
    for name in WAYS_TO_SKIP:
        assert any(f"{name}.py" in line and "one day" in line for line in named)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("way", ["test_function", "test_file"])
def test_one_skipped_test_fails_the_suite(tmp_path, way, workers):
    assert run_suite_of(tmp_path, "too slow", [way], workers).returncode == 1


@pytest.mark.parametrize("program", ["chromium", "wkhtmltopdf"])
def test_a_program_the_machine_lacks_is_a_reason_to_skip(tmp_path, program):
    done = run_suite_of(tmp_path, f"{program} is not installed")
    assert done.returncode == 0, done.stdout
