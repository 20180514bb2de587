"""A payment plan in a real browser: proposed, accepted by the debtor, and not kept."""

from datetime import date, timedelta
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect

from .browser import fill_date, open_case

PAST = "interval '60 days'"


@pytest.fixture(scope="module")
def books(own_db):
    """One late debtor whom nobody has written to."""
    own_db.shell(
        """
        overdue_invoice("Plan & Sons", "plan@example.com", 12, 300)
        env["collection.engine"]._follow(env.company)
        env.cr.commit()
        result(True)
        """
    )
    return own_db


def deliver_proposal(books):
    """Let the proposal leave; return the path of its link."""
    link = books.shell(
        """
        contact = env["collection.contact"].search(
            [("promise_message", "=", "proposal"), ("state", "=", "planned")])
        contact._process()
        env.cr.commit()
        result([contact.state, contact.reason, contact.promise_url])
        """
    )
    assert link[0] == "queued", link
    return urlparse(link[2]).path


def let_two_months_pass(books):
    """Set back all dates of the plan, and let the daily job look at the books."""
    books.shell(
        f"""
        env.cr.execute(
            "UPDATE collection_promise_instalment SET date = date - {PAST};"
            "UPDATE collection_promise SET date_end = date_end - {PAST},"
            " date_due = date_due - {PAST}, date_made = date_made - {PAST}")
        env.invalidate_all()
        env["collection.engine"]._follow(env.company)
        env.cr.commit()
        result(True)
        """
    )


def test_a_plan_from_its_proposal_to_its_default(page, url, books):
    open_case(page, url, "Plan & Sons")
    page.get_by_role("button", name="Payment Plan").click()
    form = page.locator(".modal")
    start = date.today() + timedelta(days=5)
    fill_date(form, "date", start.strftime("%m/%d/%Y"))
    form.locator(".o_field_widget[name=count] input").fill("3")
    form.locator(".o_field_widget[name=count] input").press("Tab")
    expect(form.locator(".o_field_widget[name=summary]")).to_contain_text("100.00")
    form.get_by_role("button", name="Make the Plan").click()

    instalments = page.locator(".o_field_widget[name=instalment_ids] .o_data_row")
    expect(instalments).to_have_count(3)
    page.get_by_role("button", name="Send Proposal").click()
    expect(page.locator(".alert-info", has_text="Proposed on")).to_be_visible()

    debtor = page.context.browser.new_page()
    debtor.goto(url + deliver_proposal(books))
    expect(debtor.locator("h1")).to_contain_text("Payment plan of")
    debtor.fill("input[name=name]", "Petra Plan")
    debtor.check("input[name=agreed]")
    debtor.get_by_role("button", name="Accept the Plan").click()
    expect(debtor.locator("p[name=accepted]")).to_contain_text("Petra Plan")
    debtor.close()

    open_case(page, url, "Plan & Sons")
    expect(page.locator(".o_field_widget[name=decision_text]").first).to_contain_text(
        "$ 300.00 are promised until"
    )
    let_two_months_pass(books)
    open_case(page, url, "Plan & Sons")
    expect(page.locator(".o-mail-Activity").first).to_contain_text(
        "Payment plan of $ 300.00 ended"
    )
    page.get_by_role("tab", name="Promises").click()
    expect(page.locator(".o_field_widget[name=promise_ids]")).to_contain_text("Broken")
    page.get_by_role("tab", name="Contact Attempts").click()
    expect(page.locator(".o_field_widget[name=contact_ids] .o_data_row")).to_have_count(
        2
    )
