"""A collector's day in a real browser: the phone, the invoice, who has which case."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from .browser import choose, choose_badge, fill_date, open_case

CALLED = ("Phone One", "Phone Two", "Phone Three")
US_DATE = "%m/%d/%Y"
EMAIL = """From: writer@example.com
To: collections@example.com
Subject: Your invoice
Message-ID: <fresh@example.com>

We paid yesterday.
"""
CASE_ROUTE = "/web/dataset/call_kw/collection.case/"


@pytest.fixture(scope="module")
def books(own_db):
    """Two collectors: Carla with three late debtors to call, and Boris with two."""
    own_db.shell(
        f"""
        group = env.ref("collections_mgmt.group_collection_collector")
        carla, boris = (
            env["res.users"].create({{
                "name": login.title(), "login": login, "password": login,
                "email": login + "@example.com",
                "group_ids": [Command.link(group.id)],
            }})
            for login in ("carla", "boris")
        )
        def late(name, agent, amount):
            debtor = overdue_invoice(name, False, 12, amount).partner_id
            debtor.phone = "+1 212 555 0100"
            debtor.collection_agent_id = agent
        for number, name in enumerate({CALLED}):
            late(name, carla, 300 - 50 * number)
        late("Boris One", boris, 80)
        late("Boris Two", boris, 70)
        late("Invoice & Sons", False, 60)
        late("Writer & Sons", False, 40)
        env["res.partner"].search([("name", "=", "Writer & Sons")]).email = (
            "writer@example.com")
        env["collection.run"]._plan(env.company)
        env["mail.thread"].message_process("collection.case", {EMAIL!r})
        env.cr.commit()
        result(True)
        """
    )
    return own_db


def read_cases(books, names, expression):
    """Return what a Python expression over ``case`` gives for debtors' cases."""
    return books.shell(
        f"""
        cases = env["collection.case"].search([("partner_id.name", "in", {names})])
        by_name = {{case.partner_id.name: case for case in cases}}
        result([{expression} for case in map(by_name.get, {names})])
        """
    )


def call(page, outcome):
    """Call the debtor of the open case; return the panel with the outcome filled in."""
    page.locator("button[name=action_call]").click()
    panel = page.locator(".modal")
    choose_badge(panel, "outcome_id", outcome)
    return panel


def test_three_cases_by_phone_with_three_outcomes(log_in, url, books):
    page = log_in("carla")
    page.goto(f"{url}/odoo/worklist")
    rows = page.locator(".o_data_row")
    expect(rows).to_have_count(3)
    heading = page.locator(".oe_title h1")
    order = rows.locator(".o_data_cell[name=partner_id]").all_inner_texts()
    rows.first.locator(".o_data_cell[name=partner_id]").click()

    expect(heading).to_contain_text(order[0])
    panel = call(page, "No answer")
    panel.locator("button[name=action_save_and_next]").click()

    expect(heading).to_contain_text(order[1])
    panel = call(page, "Promises to pay")
    panel.locator("button[name=action_save]").click()
    fill_date(panel, "date", (date.today() + timedelta(days=4)).strftime(US_DATE))
    panel.locator("button[name=action_register]").click()
    expect(panel).to_have_count(0)
    expect(page.locator("[name=decision_text]").first).to_contain_text("promised until")
    page.locator("button[name=action_next]").click()

    expect(heading).to_contain_text(order[2])
    panel = call(page, "Asks to be called back")
    later = date.today() + timedelta(days=2)
    fill_date(panel, "callback_at", later.strftime(f"{US_DATE} 10:30:00"))
    panel.locator("button[name=action_save_and_next]").click()
    expect(page.locator(".o_notification")).to_contain_text("last one for now")

    page.goto(f"{url}/odoo/worklist")
    expect(rows).to_have_count(2)
    assert read_cases(
        books,
        order,
        "[case.contact_ids.filtered('user_id').outcome, "
        "case.promise_ids.mapped('state'), case.snooze_until]",
    ) == [
        ["attempted", [], False],
        ["talk", ["open"], False],
        ["talk", [], str(later)],
    ]


def test_a_call_is_dialled_and_finished_by_the_keyboard(log_in, url, books):
    page = log_in("boris")
    page.goto(f"{url}/odoo/worklist")
    rows = page.locator(".o_data_row")
    expect(rows).to_have_count(2)
    order = rows.locator(".o_data_cell[name=partner_id]").all_inner_texts()
    rows.first.locator(".o_data_cell[name=partner_id]").click()
    heading = page.locator(".oe_title h1")
    expect(heading).to_contain_text(order[0])
    page.locator("button[name=action_call]").click()
    panel = page.locator(".modal")
    expect(panel.locator("[name=number] a[href^='tel:']")).to_be_focused()
    badge = panel.locator(".o_selection_badge", has_text="No answer")
    badge.focus()
    badge.press("Enter")
    expect(badge).to_have_attribute("aria-checked", "true")
    panel.locator("button[name=action_save_and_next]").focus()
    page.keyboard.press("Enter")
    expect(heading).to_contain_text(order[1])


def test_next_goes_on_in_the_list_that_the_case_was_opened_from(page, url):
    """A manager without cases, in a list of everybody's, the largest amount last."""
    page.goto(f"{url}/odoo/collections")
    rows = page.locator(".o_data_row")
    expect(rows.first).to_be_visible()
    page.locator("th[data-name=amount_overdue]").click()
    expect(rows.last).to_contain_text("Phone One")
    order = rows.locator(".o_data_cell[name=partner_id]").all_inner_texts()
    heading = page.locator(".oe_title h1")
    rows.first.locator(".o_data_cell[name=partner_id]").click()
    for debtor in order[:3]:
        expect(heading).to_contain_text(debtor)
        page.locator("button[name=action_next]").click()
    expect(heading).to_contain_text(order[3])
    expect(page.locator(".o_pager_counter")).to_contain_text(f"4 / {len(order)}")


def test_a_promise_taken_from_the_invoice_stands_on_it(page, url):
    open_case(page, url, "Invoice & Sons")
    page.get_by_role("button", name="Open Items").click()
    page.locator("button[name=action_open_move]").first.click()
    page.locator("button[name=action_register_promise]").click()
    dialog = page.locator(".modal")
    expect(dialog.locator("[name=amount] input")).to_have_value("60.00")
    fill_date(dialog, "date", (date.today() + timedelta(days=3)).strftime(US_DATE))
    dialog.locator("button[name=action_register]").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".alert .badge", has_text="Promised")).to_contain_text("60.00")


def test_the_case_of_another_opens_neither_by_url_nor_by_rpc(log_in, url, books):
    [case_id] = read_cases(books, ["Boris One"], "case.id")
    page = log_in("carla")
    page.goto(f"{url}/odoo/collections/{case_id}")
    # The client says so, or is back at the list before anybody can read it.
    refusal = page.locator(".modal, .o_notification, .o_list_view")
    expect(refusal.first).to_be_visible()
    expect(page.locator(".o_form_view")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("Boris One")
    expect(page.locator("body")).not_to_contain_text("80.00")
    for method, arguments in (
        ("web_read", [[case_id], {"amount_overdue": {}}]),
        ("write", [[case_id], {"agent_id": False}]),
        ("action_call", [[case_id]]),
        ("message_post", [[case_id]]),
    ):
        answer = page.request.post(
            f"{url}{CASE_ROUTE}{method}",
            data={
                "jsonrpc": "2.0",
                "method": "call",
                "params": {
                    "model": "collection.case",
                    "method": method,
                    "args": arguments,
                    "kwargs": {},
                },
            },
        ).json()
        assert answer["error"]["data"]["name"].endswith("AccessError"), method
    assert read_cases(books, ["Boris One"], "case.agent_id.login") == ["boris"]


def test_cases_change_hands_together_from_the_list(page, url):
    page.goto(f"{url}/odoo/collections")
    rows = page.locator(".o_data_row", has_text="Boris ")
    agents = rows.locator(".o_data_cell[name=agent_id]")
    expect(rows).to_have_count(2)
    for number in range(2):
        rows.nth(number).locator("input[type=checkbox]").check()
    page.locator(".o_cp_action_menus").get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Change Collector").click()
    dialog = page.locator(".modal")
    choose(dialog, "agent_id", "Carla")
    dialog.locator("[name=reason] input").fill("Boris is on leave")
    dialog.locator("button[name=action_reassign]").click()
    expect(dialog).to_have_count(0)
    for number in range(2):
        expect(agents.nth(number)).to_contain_text("Carla")
    open_case(page, url, "Boris One")
    page.get_by_role("tab", name="Decisions").click()
    expect(page.locator("[name=assignment_ids]")).to_contain_text("Boris is on leave")


def test_an_email_that_answers_nothing_is_attached_with_one_click(page, url):
    open_case(page, url, "Writer & Sons")
    waiting = page.locator("[name=incoming]")
    expect(waiting).to_contain_text("We paid yesterday.")
    waiting.locator("button[name=action_attach]").click()
    expect(waiting).to_have_count(0)
    replied = page.locator(".alert", has_text="The debtor replied on")
    expect(replied).to_be_visible()
    expect(page.locator(".o-mail-Chatter")).to_contain_text("We paid yesterday.")
