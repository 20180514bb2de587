"""Take the pictures of the documentation from a running demo.

Usage: screenshots.py URL FOLDER [NAME ...]; without names, all of them.
"""

import io
import pathlib
import shutil
import sys
import time
import urllib.request

from PIL import Image
from playwright.sync_api import sync_playwright

DESKTOP = {"width": 1600, "height": 900}
PHONE = {"width": 390, "height": 844}
FIRST_ROW = ".o_data_row .o_data_cell"
FIRST_CARD = ".o_kanban_record:not(.o_kanban_ghost)"
ACTION = "/odoo/action-collections_mgmt."
WORKLIST = ACTION + "collection_case_worklist_action"
OPENS_A_FORM = (FIRST_ROW, FIRST_CARD, f"{FIRST_CARD}, {FIRST_ROW}")

# name: (log-in, path, what to wait for, clicks before the picture, window); a pair
# among the clicks is a field and what to type there.
PICTURES = {
    "cases": ("accountant", "/odoo/collections", FIRST_ROW, [], DESKTOP),
    "case": ("accountant", "/odoo/collections", FIRST_ROW, [FIRST_ROW], DESKTOP),
    "case_es": ("collector", "/odoo/collections", FIRST_ROW, [FIRST_ROW], DESKTOP),
    "cases_es": ("collector", "/odoo/collections", FIRST_ROW, [], DESKTOP),
    "worklist": (
        "accountant",
        WORKLIST,
        ".o_searchview_facet",
        [".o_facet_remove"],
        DESKTOP,
    ),
    "worklist_es": ("collector", WORKLIST, FIRST_ROW, [], DESKTOP),
    "worklist_phone": ("collector", WORKLIST, FIRST_CARD, [], PHONE),
    "case_phone": ("collector", WORKLIST, FIRST_CARD, [FIRST_CARD], PHONE),
    "teams": ("accountant", ACTION + "collection_team_action", FIRST_ROW, [], DESKTOP),
    "promises": (
        "accountant",
        ACTION + "collection_promise_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "promise": (
        "accountant",
        ACTION + "collection_promise_action",
        FIRST_ROW,
        [FIRST_ROW],
        DESKTOP,
    ),
    "disputes": (
        "accountant",
        ACTION + "collection_dispute_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "dispute": (
        "accountant",
        ACTION + "collection_dispute_action",
        FIRST_ROW,
        [FIRST_ROW],
        DESKTOP,
    ),
    "holds": (
        "accountant",
        ACTION + "collection_item_hold_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "holds_es": (
        "collector",
        ACTION + "collection_item_hold_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "incoming": (
        "accountant",
        ACTION + "collection_incoming_action",
        FIRST_ROW,
        [FIRST_ROW],
        DESKTOP,
    ),
    "compliance": (
        "accountant",
        ACTION + "collection_compliance_action",
        ".o_pivot",
        [],
        DESKTOP,
    ),
    "kanban": (
        "accountant",
        "/odoo/collections",
        FIRST_ROW,
        [".o_switch_view.o_kanban"],
        DESKTOP,
    ),
    "runs": (
        "accountant",
        ACTION + "collection_run_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "run": (
        "accountant",
        ACTION + "collection_run_action",
        FIRST_ROW,
        [FIRST_ROW],
        DESKTOP,
    ),
    "contacts": (
        "accountant",
        ACTION + "collection_contact_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "message": (
        "accountant",
        ACTION + "collection_contact_action",
        FIRST_ROW,
        [".o_data_row:has-text('mail') .o_data_cell"],
        DESKTOP,
    ),
    "items": (
        "accountant",
        ACTION + "collection_item_action",
        FIRST_ROW,
        [],
        DESKTOP,
    ),
    "strategy": (
        "accountant",
        ACTION + "collection_strategy_action",
        FIRST_ROW,
        [".o_data_row .o_data_cell[name=name]"],
        DESKTOP,
    ),
    "stage": (
        "accountant",
        ACTION + "collection_strategy_action",
        FIRST_ROW,
        [
            ".o_data_row .o_data_cell[name=name]",
            "[name=stage_ids] .o_data_row:has-text('First Notice') .o_data_cell",
        ],
        DESKTOP,
    ),
    "review": (
        "accountant",
        ACTION + "collection_contact_review_action",
        ".o_list_view",
        [],
        DESKTOP,
    ),
    "preview": (
        "accountant",
        ACTION + "collection_run_action",
        FIRST_ROW,
        [
            ".o_control_panel button:has-text('Preview')",
            ".modal [name=date] button",
            (".modal [name=date] input", "+7d"),
            ".modal button[name=action_show]",
            ".o_group_header:has-text('To contact')",
        ],
        DESKTOP,
    ),
    "invoice": (
        "accountant",
        ACTION + "collection_item_action",
        FIRST_ROW,
        [".o_data_row button[name=action_open_move]"],
        DESKTOP,
    ),
    "contact_rules": (
        "accountant",
        ACTION + "collection_contact_rule_action",
        ".o_group_header",
        [".o_group_header:has-text('Chile')"],
        DESKTOP,
    ),
    "contact_rule": (
        "accountant",
        ACTION + "collection_contact_rule_action",
        ".o_group_header",
        [
            ".o_group_header:has-text('Chile')",
            ".o_data_row:has-text('CL-CALLVISIT') .o_data_cell[name=name]",
        ],
        DESKTOP,
    ),
    "call": (
        "accountant",
        "/odoo/collections",
        FIRST_ROW,
        # The second person who asks on the same day hears no.
        [
            FIRST_ROW,
            "button[name=action_call]",
            ".modal .btn-close",
            "button[name=action_call]",
        ],
        DESKTOP,
    ),
    "call_phone": (
        "collector",
        "/odoo/collections",
        ".o_kanban_record",
        [".o_kanban_record", "button[name=action_call]"],
        PHONE,
    ),
    "partner_rules": (
        "accountant",
        "/odoo/collections",
        FIRST_ROW,
        [FIRST_ROW, "button[name=action_open_partner]", "a[name=collections]"],
        DESKTOP,
    ),
    "screens/invoices": (
        "accountant",
        "/odoo/action-account.action_move_out_invoice_type",
        FIRST_ROW,
        [
            ".o_searchview_dropdown_toggler",
            ".o_menu_item:has-text('In Collection')",
            ".o_searchview_dropdown_toggler",
        ],
        DESKTOP,
    ),
    "screens/invoice_phone": (
        "accountant",
        ACTION + "collection_item_action",
        FIRST_CARD,
        [FIRST_CARD + " button[name=action_open_move]"],
        PHONE,
    ),
    "screens/payment": (
        "accountant",
        ACTION + "collection_item_action",
        FIRST_ROW,
        [
            ".o_data_row button[name=action_open_move]",
            "button[name=action_register_payment]",
        ],
        DESKTOP,
    ),
    "screens/partner_phone": (
        "accountant",
        "/odoo/action-account.res_partner_action_customer",
        FIRST_CARD,
        [FIRST_CARD, "a[name=collections]"],
        PHONE,
    ),
    "portal": ("portal", "/my/collections", "table", [], DESKTOP),
    "portal_phone": ("portal", "/my/collections", "table", [], PHONE),
    "portal_home": ("portal", "/my", ".o_portal_docs", [], DESKTOP),
}

# The screens of the menu, for docs/screens.md: {name: (action, opens its first record)}
SCREENS = {
    "cases": ("collection_case_action", True),
    "to_approve": ("collection_contact_review_action", True),
    "emails_to_sort": ("collection_incoming_action", True),
    "promises": ("collection_promise_action", True),
    "disputes": ("collection_dispute_action", True),
    "holds": ("collection_item_hold_action", True),
    "payments_to_verify": ("collection_item_hold_action_verify", False),
    "contact_attempts": ("collection_contact_action", True),
    "stops": ("collection_hold_action", False),
    "consents": ("collection_consent_action", False),
    "runs": ("collection_run_action", True),
    "portfolios": ("collection_team_member_action", False),
    "who_carries_what": ("collection_case_portfolio_action", False),
    "escalations": ("collection_escalation_action", False),
    "absences": ("collection_absence_action", False),
    "changes_of_collector": ("collection_assignment_action", False),
    "open_items": ("collection_item_action", False),
    "dispute_measures": ("collection_dispute_action_measures", False),
    "compliance": ("collection_compliance_action", False),
    "strategies": ("collection_strategy_action", False),
    "dispute_reasons": ("collection_dispute_reason_action", False),
    "hold_reasons": ("collection_hold_reason_action", False),
    "outcomes": ("collection_outcome_action", False),
    "teams": ("collection_team_action", False),
    "assignment_rules": ("collection_assignment_rule_action", False),
    "escalation_rules": ("collection_escalation_rule_action", False),
    "contact_rules": ("collection_contact_rule_action", False),
    "forbidden_words": ("collection_forbidden_word_action", False),
    "contact_calendar": ("collection_holiday_action", False),
    "retention": ("collection_retention_action", False),
    "seals": ("collection_evidence_head_action", False),
}


def get_screens():
    """Return a picture of each screen, and of a record in it, in both windows."""
    pictures = {}
    for name, (action, has_form) in SCREENS.items():
        for suffix, window in (("", DESKTOP), ("_phone", PHONE)):
            first = FIRST_ROW if window is DESKTOP else f"{FIRST_CARD}, {FIRST_ROW}"
            view = ("accountant", ACTION + action, ".o_content > *", [], window)
            pictures[f"screens/{name}{suffix}"] = view
            if has_form:
                form = (*view[:2], first, [first], window)
                pictures[f"screens/{name}_form{suffix}"] = form
    return pictures


PICTURES |= get_screens()


def wait_for_server(url, seconds=120):
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url + "/web/health", timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def log_in(browser, url, login, window):
    context = browser.new_context(viewport=window, device_scale_factor=1)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/web/login" not in address)
    return page


def take(page, url, path, target, clicks):
    page.goto(url + path)
    page.wait_for_selector(target)
    for click in clicks:
        if isinstance(click, tuple):
            selector, text = click
            page.locator(selector).first.fill(text)
        else:
            page.locator(click).first.click()
            if click in OPENS_A_FORM:
                page.wait_for_selector(".o_form_view .o_form_sheet")
        page.wait_for_timeout(2500)
    # The client keeps a connection open: it never goes idle.
    page.wait_for_timeout(2000)


def save(page, path):
    """Write the picture with 256 colors: a fourth of its size, and nobody sees it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def main(url, folder, *names):
    wait_for_server(url)
    folder = pathlib.Path(folder)
    pages = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name in names or PICTURES:
            login, path, target, clicks, window = PICTURES[name]
            key = (login, window["width"])
            if key not in pages:
                pages[key] = log_in(browser, url, login, window)
            take(pages[key], url, path, target, clicks)
            save(pages[key], folder / f"{name}.png")
            print(f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
