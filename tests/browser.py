"""A real Odoo server and a real browser: the beginnings that tests of screens share.

``books``, the database with its debtors, is a fixture of the module that tests them.
"""

import re
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

FIRST_PAGE_SECONDS = 120
DESKTOP = {"width": 1600, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=30_000)  # milliseconds; a busy machine renders slowly


@pytest.fixture(scope="module")
def url(books, tmp_path_factory):
    """A real Odoo server on the database; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("server") / "log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "odoo", "-d", books.name),
            *(f"--db-filter=^{books.name}$", f"--http-port={port}"),
            "--max-cron-threads=0",
        ],
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + FIRST_PAGE_SECONDS
    while True:
        try:
            urllib.request.urlopen(address + "/web/health", timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < end and server.poll() is None, log.name
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait(30)
    log.close()


@pytest.fixture
def no_memory_limit():
    """Odoo limits the address space of its process; a browser reserves more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture
def log_in(url, no_memory_limit):
    """Return a function that logs a user in, in a browser of their own."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if not executable:
        pytest.skip("chromium is not installed")
    errors = []

    def open_page(login, viewport=DESKTOP):
        page = browser.new_page(viewport=viewport)
        page.set_default_timeout(FIRST_PAGE_SECONDS * 1000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{url}/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", login)
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
        return page

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"]
        )
        yield open_page
        assert not errors, errors
        browser.close()


@pytest.fixture
def page(log_in):
    """A browser page, logged in as an accountant who manages collections."""
    return log_in("admin")


def open_case(page, url, debtor):
    """Open the case of a debtor from the list of cases."""
    page.goto(f"{url}/odoo/collections")
    page.locator(".o_data_row", has_text=debtor).locator(
        ".o_data_cell[name=partner_id]"
    ).click()
    expect(page.locator("h1", has_text=debtor)).to_be_visible()


def choose(form, field, name):
    """Choose a record by its name in a field of a form."""
    form.locator(f"[name={field}] input").fill(name)
    form.page.locator(".o-autocomplete--dropdown-item", has_text=name).first.click()


def choose_badge(form, field, name):
    """Choose by its name one of the badges of a field."""
    badge = form.locator(f"[name={field}] .o_selection_badge", has_text=name)
    badge.click()
    expect(badge).to_have_class(re.compile(r"\bactive\b"))


def fill_date(form, field, text):
    """Fill in a date or a moment, as the user's language writes it."""
    form.locator(f".o_field_widget[name={field}]").click()
    box = form.locator(f".o_field_widget[name={field}] input")
    box.fill(text)
    box.press("Enter")
