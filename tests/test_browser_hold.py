"""A payment that the debtor announced, in a real browser: from the case to the list."""

import pytest
from playwright.sync_api import expect

from .browser import choose, open_case

LIST = "/odoo/action-collections_mgmt.collection_item_hold_action_verify"
RECEIPT = {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"Transferred."}


@pytest.fixture(scope="module")
def books(own_db):
    """One late debtor whom nobody has written to."""
    own_db.shell(
        """
        overdue_invoice("Hold & Sons", "hold@example.com", 12, 300)
        env["collection.engine"]._follow(env.company)
        env.cr.commit()
        result(True)
        """
    )
    return own_db


def test_an_announced_payment_goes_from_the_case_to_the_list_and_back(
    page,
    url,
):
    open_case(page, url, "Hold & Sons")
    page.locator("button[name=action_hold_items]").click()
    dialog = page.locator(".modal")
    expect(dialog.locator(".o_data_row")).to_have_count(1)
    choose(dialog, "reason_id", "Payment announced")
    expect(dialog.locator("[name=amount_announced] input")).to_have_value("300.00")
    dialog.locator("[name=payment_reference] input").fill("TR-1")
    with page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Attach").click()
    chooser.value.set_files(RECEIPT)
    expect(dialog.locator("[name=receipt_ids]")).to_contain_text("receipt")
    dialog.locator(".o_form_button_save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("[name=decision_text]").first).to_contain_text(
        "payment is announced"
    )
    page.goto(f"{url}{LIST}")
    row = page.locator(".o_data_row", has_text="Hold & Sons")
    expect(row.locator("[name=has_receipt] input")).to_be_checked()
    expect(row.locator("td[name=shown_state]")).to_contain_text("Announced")
    page.locator(".o_switch_view.o_kanban").click()
    card = page.locator(".o_kanban_record", has_text="Hold & Sons")
    expect(card).to_contain_text("300.00")
    page.locator(".o_switch_view.o_calendar").click()
    page.wait_for_selector(".o_calendar_view .fc-event, .o_calendar_view .o_event")
    page.locator(".o_switch_view.o_list").click()
    row.locator(".o_data_cell[name=partner_id]").click()
    expect(page.locator("[name=receipt_ids]")).to_contain_text("receipt")
    page.locator("button[name=action_cancel]").click()
    dialog.locator("[name=reason] input").fill("It was another debtor")
    dialog.locator("button[name=action_save]").click()
    expect(page.locator("[name=cancel_reason]")).to_contain_text("another debtor")


def test_the_invoice_shows_what_is_on_hold(page, url):
    open_case(page, url, "Hold & Sons")
    page.get_by_role("button", name="Open Items").click()
    page.locator("button[name=action_open_move]").first.click()
    page.locator("button[name=action_hold_items]").click()
    dialog = page.locator(".modal")
    choose(dialog, "reason_id", "Purchase order")
    dialog.locator(".o_form_button_save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".alert .badge", has_text="On Hold")).to_contain_text("300.00")


def test_a_whole_case_is_put_on_hold_and_asked_again(page, url):
    open_case(page, url, "Hold & Sons")
    page.locator("button[name=action_hold_items]").click()
    dialog = page.locator(".modal")
    choose(dialog, "reason_id", "Agreement with")
    dialog.locator("[name=is_whole_case] input").check()
    expect(dialog.locator("[name=item_ids]")).to_have_count(0)
    dialog.locator(".o_form_button_save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".badge[name=hold_text]")).to_contain_text("On hold until")
    page.locator("button[name=action_end_case_hold]").click()
    dialog.locator("[name=reason] input").fill("They came to terms")
    dialog.get_by_role("button", name="Cancel Hold").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".badge[name=hold_text]")).to_have_count(0)
    expect(page.locator("button[name=action_hold_items]")).to_be_visible()
