"""What an accountant sees in a real browser, from the first screen to the mail."""

import pytest
from playwright.sync_api import expect

from .browser import PHONE, open_case


@pytest.fixture(scope="module")
def books(own_db):
    """Two late debtors, contacted in a run whose mails were taken as sent."""
    own_db.shell(
        """
        overdue_invoice("Browser & Sons", "browser@example.com", 12, 340)
        overdue_invoice("Nobody Home", False, 12, 75)
        env["collection.run"]._plan(env.company)
        env["collection.contact"].search([("state", "=", "planned")])._process()
        for mail in env["mail.mail"].search([("state", "=", "outgoing")]):
            mail._postprocess_sent_message(mail.recipient_ids, [])
        env.cr.commit()
        result(True)
        """
    )
    return own_db


def test_the_app_opens_on_the_overdue_cases_and_a_case_shows_items_and_mail(page, url):
    page.goto(f"{url}/odoo/collections")
    row = page.locator(".o_data_row", has_text="Browser & Sons")
    expect(row).to_contain_text("340.00")
    expect(row).to_contain_text("was done on")
    row.locator(".o_data_cell[name=partner_id]").click()
    items = page.locator(".o_field_widget[name=open_item_ids]")
    expect(items).to_contain_text("INV/")
    expect(items).to_contain_text("Due Today")
    message = page.locator(".o-mail-Message").first
    expect(message).to_contain_text("invoices due for payment")
    expect(message).to_contain_text("340.00")


def test_a_debtor_without_address_is_a_task_on_the_case(page, url):
    open_case(page, url, "Nobody Home")
    expect(page.locator(".o-mail-Activity")).to_contain_text("No address: Due Today")


def test_run_now_shows_what_was_decided(page, url):
    page.goto(f"{url}/odoo/action-collections_mgmt.collection_run_action")
    page.get_by_role("button", name="Run Now").click()
    decisions = page.locator(".o_field_widget[name=decision_ids]")
    expect(decisions).to_contain_text("Waiting for the next stage")
    expect(page.locator(".o_breadcrumb")).to_contain_text("Run of")


def test_the_invoice_leads_to_its_case(page, url):
    open_case(page, url, "Browser & Sons")
    page.get_by_role("button", name="Open Items").click()
    page.locator("button[name=action_open_move]").first.click()
    page.locator("button[name=action_open_collection_case]").click()
    expect(page.locator("h1", has_text="Browser & Sons")).to_be_visible()


def _open_worklist(page, url):
    """Open the worklist with everybody's cases; return the rows."""
    page.goto(f"{url}/odoo/worklist")
    page.locator(".o_facet_remove").first.click()
    rows = page.locator(".o_data_row")
    expect(rows).to_have_count(2)
    return rows


def test_what_is_pinned_and_put_off_stays_so(page, url):
    rows = _open_worklist(page, url)
    expect(rows.first).to_contain_text("Nobody Home")  # has a task for today
    rows.nth(1).locator(".o_field_boolean_favorite a").click()
    expect(rows.nth(1).locator(".fa-star")).to_be_visible()
    rows = _open_worklist(page, url)
    expect(rows.first).to_contain_text("Browser & Sons")
    rows.first.locator("button[name=action_snooze]").click()
    page.get_by_role("button", name="Tomorrow").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Nobody Home")


def test_a_card_dropped_on_another_stage_asks_what_happened(page, url):
    page.goto(f"{url}/odoo/collections")
    page.locator(".o_switch_view.o_kanban").click()
    card = page.locator(".o_kanban_record", has_text="Browser & Sons")
    column = page.locator(".o_kanban_group", has_text="Second Notice")
    card.hover()
    page.mouse.down()
    box = column.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 100, steps=10)
    page.mouse.move(box["x"] + 60, box["y"] + 140, steps=10)
    page.mouse.up()
    dialog = page.locator(".modal", has_text="What Happened?")
    expect(dialog).to_contain_text("Second Notice")
    dialog.locator("[name=reason] input").fill("They asked for it in writing")
    dialog.get_by_role("button", name="Go On").click()
    expect(dialog).to_have_count(0)
    card.click()
    expect(page.locator(".o-mail-Message").first).to_contain_text(
        "They asked for it in writing"
    )


def test_on_a_phone_the_cases_begin_with_a_stage(log_in, url, books):
    books.shell(
        """
        overdue_invoice("Not Told Yet", "fresh@example.com", 12, 20)
        env["collection.engine"]._follow(env.company)
        env.cr.commit()
        result(True)
        """
    )
    phone = log_in("admin", PHONE)
    phone.goto(f"{url}/odoo/collections")
    columns = phone.locator(".o_kanban_group .o_column_title")
    expect(columns.first).to_contain_text("Due Today")
    expect(columns.last).to_contain_text("No Stage Yet")
