"""The scripts behind the commands of the Makefile: which Odoo, what a kill leaves."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

DEV = pathlib.Path(__file__).parent.parent / "dev"
STUB = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def run_bash(script, cache, **environment):
    """Run lines of bash that have what dev/lib.sh offers, with an own cache."""
    return subprocess.run(
        ["bash", "-c", f'. "{DEV}/lib.sh"\n{script}'],
        env={**os.environ, "COLLECTIONS_CACHE": str(cache), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def make_odoo(home, *, is_checkout):
    """Write the few files by which the scripts know an Odoo; return its package."""
    package = home / "odoo"
    addons = home / "addons" if is_checkout else package / "addons"
    for folder in (package / "addons" / "base", addons / "account", addons / "mail"):
        folder.mkdir(parents=True, exist_ok=True)
    (package / "release.py").write_text("version_info = (19, 0, 0, 'final', 0, '')\n")
    (addons / "account" / "__manifest__.py").write_text("{}")
    if is_checkout:
        (home / "odoo-bin").touch()
    return package


class TestWhichOdoo:
    def paths(self, cache, home):
        done = run_bash(
            "odoo_paths; echo $ODOO_PATH; echo $ADDONS_PATH", cache, ODOO_HOME=str(home)
        )
        assert done.returncode == 0, done.stderr
        odoo_path, addons_path = done.stdout.split()
        return pathlib.Path(odoo_path), addons_path.split(",")

    @pytest.mark.parametrize("named", ["", "odoo"], ids=["the folder", "its package"])
    def test_a_git_checkout_is_used_as_it_is(self, tmp_path, named):
        make_odoo(tmp_path / "home", is_checkout=True)
        path, addons = self.paths(tmp_path / "cache", tmp_path / "home" / named)
        assert path == tmp_path / "home"
        assert addons == [str(tmp_path / "home" / "addons"), str(DEV.parent)]

    def test_an_installed_one_is_taken_alone(self, tmp_path):
        packages = tmp_path / "dist-packages"
        make_odoo(packages, is_checkout=False)
        (packages / "another_package.py").touch()
        path, addons = self.paths(tmp_path / "cache", packages / "odoo")
        assert [entry.name for entry in path.iterdir()] == ["odoo"]
        assert (path / "odoo" / "release.py").read_text().startswith("version_info")
        assert addons[0] == str(path / "odoo" / "addons")

    def test_what_an_installed_one_lacks_is_added_beside_it(self, tmp_path):
        package = make_odoo(tmp_path / "dist-packages", is_checkout=False)
        path, _addons = self.paths(tmp_path / "cache", package)
        assert (path / "odoo" / "addons" / STUB).is_file()
        assert not (package / "addons" / STUB).exists()

    def test_an_upgraded_one_is_taken_anew(self, tmp_path):
        package = make_odoo(tmp_path / "dist-packages", is_checkout=False)
        before, _addons = self.paths(tmp_path / "cache", package)
        time.sleep(1.1)  # the file system tells seconds
        (package / "release.py").write_text("version_info = (19, 0, 1)\n")
        (package / "new.py").touch()
        after, _addons = self.paths(tmp_path / "cache", package)
        assert (after / "odoo" / "new.py").exists()
        assert not before.exists()

    def test_a_folder_without_odoo_is_refused_in_words(self, tmp_path):
        done = run_bash("odoo_paths", tmp_path / "cache", ODOO_HOME=str(tmp_path))
        assert done.returncode == 1
        assert "holds no Odoo: give the folder that contains" in done.stderr

    def test_another_series_is_refused_in_words(self, tmp_path):
        package = make_odoo(tmp_path / "home", is_checkout=True)
        (package / "release.py").write_text("version_info = (18, 0, 0)\n")
        setup = (DEV / "setup.sh").read_text()
        check = setup[setup.index("check_odoo_version()") :]
        check = check[: check.index("\n}\n") + 3]
        done = run_bash(
            f"PYTHON=python3\n{check}\ncheck_odoo_version",
            tmp_path / "cache",
            ODOO_HOME=str(tmp_path / "home"),
        )
        assert "this suite is for Odoo 19.0" in done.stderr


class TestKilled:
    def test_a_step_that_was_killed_does_not_stop_the_next_command(self, tmp_path):
        holder = subprocess.Popen(
            ["bash", "-c", f'. "{DEV}/lib.sh"\nlocked step sleep 60'],
            env={**os.environ, "COLLECTIONS_CACHE": str(tmp_path)},
            start_new_session=True,
        )
        while not (tmp_path / ".step.lock").exists():
            time.sleep(0.05)
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
        assert run_bash("locked step echo done", tmp_path).stdout == "done\n"

    def test_a_second_command_waits_and_says_so(self, tmp_path):
        script = "locked step sleep 1 & sleep 0.3; locked step echo after; wait"
        done = run_bash(script, tmp_path)
        assert done.stdout == "after\n"
        assert "Waiting for another command" in done.stderr

    def test_a_long_step_says_that_it_goes_on_and_tells_how_it_ended(self, tmp_path):
        # The twenty seconds between two signs pass at once.
        script = (
            "sleep() { command sleep 0.1; }\n"
            "long_step() { command sleep 1; echo said; return 3; }\n"
            f'patiently "{tmp_path}/log" long_step || echo $?'
        )
        done = run_bash(script, tmp_path)
        assert "    20 s" in done.stderr
        assert done.stdout == "3\n"
        assert (tmp_path / "log").read_text() == "said\n"

    def test_a_copy_of_a_database_is_there_whole_or_not_at_all(self, tmp_path):
        source, copy = f"whole_{os.getpid()}", f"whole_{os.getpid()}_copy"
        copied = f"SELECT count(*) FROM pg_database WHERE datname = '{copy}'"
        count = f'psql -XAtd postgres -c "{copied}"'
        (tmp_path / "data" / "filestore" / source).mkdir(parents=True)
        try:
            done = run_bash(
                f"createdb {source}\n"
                # Killed between the database and its files.
                f"( cp() {{ kill -9 $BASHPID; }}; copy_db {source} {copy} ) || true\n"
                f"{count}; copy_db {source} {copy}; {count}",
                tmp_path,
            )
            assert done.stdout.split() == ["0", "1"], done.stderr
            assert (tmp_path / "data" / "filestore" / copy).is_dir()
        finally:
            run_bash(f"drop_db {copy}; drop_db {copy}_new; drop_db {source}", tmp_path)


class TestClean:
    def clean(self, cache):
        # Of another clone: this one's databases are in use. The server goes on, as one
        # of the person's own would.
        clone = cache.parent / "clone"
        shutil.copytree(DEV, clone / "dev")
        done = subprocess.run(
            [clone / "dev" / "clean.sh"],
            env={**os.environ, "COLLECTIONS_CACHE": str(cache)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr

    def test_what_somebody_else_put_there_stays(self, tmp_path):
        cache = tmp_path / "cache"
        for name in ("clones/1", "data", "odoo", "postgres", "venv-3.11-x", "rival"):
            (cache / name).mkdir(parents=True)
        for name in ("apt.log", "pip.log", ".setup.lock", "letters.txt"):
            (cache / name).touch()
        self.clean(cache)
        assert [entry.name for entry in cache.iterdir()] == ["letters.txt"]

    def test_databases_of_other_clones_stay(self, tmp_path):
        other = f"collections_test_0{os.getpid()}"
        count = (
            "psql -XAtd postgres -c"
            f" \"SELECT count(*) FROM pg_database WHERE datname = '{other}'\""
        )
        run_bash(f"createdb {other}", tmp_path)
        try:
            self.clean(tmp_path / "cache")
            assert run_bash(count, tmp_path).stdout == "1\n"
        finally:
            run_bash(f"dropdb {other}", tmp_path)

    def test_a_server_of_a_demo_that_was_killed_ends(self, tmp_path):
        cache = tmp_path / "cache"
        cache.mkdir()
        left = subprocess.Popen(
            ["sleep", "60"],
            env={**os.environ, "COLLECTIONS_STATE": f"{cache}/clones/1"},
        )
        try:
            self.clean(cache)
            assert left.wait(timeout=10) == -signal.SIGTERM
        finally:
            left.kill()
