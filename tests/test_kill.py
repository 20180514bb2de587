"""Killed at any point and started again, each debtor gets each message exactly once."""

import random
import time
from collections import Counter

import pytest

from .conftest import OdooDatabase
from .warm_odoo import WarmOdoo

DEBTORS = 40
# Twenty kills; each round begins with planning, whatever the round before left.
ROUNDS = 2 * ("plan", "plan", *3 * ["deliver"], "plan", *4 * ["send"])
# The part of a phase within which it is killed: enough work is left for the others.
PARTS = {"plan": 1, "deliver": 1 / 6, "send": 1 / 8}

BOOKS = f"""
    from odoo.addons.collections_mgmt.models.collection_engine import Scope

    env["account.chart.template"].try_loading("generic_coa", company=env.company)
    debtors = env["res.partner"].create([
        {{"name": f"Debtor {{n}}", "email": f"debtor{{n}}@example.com"}}
        for n in range({DEBTORS})])
    moves = env["account.move"].create([
        {{
            "move_type": "out_invoice",
            "partner_id": debtor.id,
            "invoice_date": today - timedelta(days=90),
            "invoice_date_due": today - timedelta(days=days),
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create({{"name": "x", "price_unit": 60, "tax_ids": []}})],
        }}
        for debtor in debtors for days in (25, 1)])
    moves.action_post()
    env["collection.engine"]._sync(Scope(env.company, today))

    # A quarter of the debtors is due for each of four stages. The second of them has a
    # task as well, the third a second e-mail, and the template of the last is broken.
    due, first, second, final = (
        env.ref(f"collections_mgmt.collection_stage_{{name}}")
        for name in ("due", "first", "second", "final"))
    for number, stage in enumerate((due, first, second), start=1):
        items = env["collection.item"].search([
            ("partner_id", "in", debtors[number::4].ids),
            ("date_due", "<", today - timedelta(days=10))])
        items.write({{
            "stage_id": stage.id,
            "passed_stage_id": stage.id,
            "stage_date": today - timedelta(days=10),
        }})
    env["collection.step"].create([
        {{"stage_id": first.id, "channel": "task"}},
        {{"stage_id": second.id, "template_id": due.step_ids.template_id.id}}])
    final.step_ids.template_id.body_html = '<p t-out="1/0"/>'
    env.cr.commit()
    result(True)
"""

WORK = """
    import time
    from collections import Counter

    from odoo.exceptions import UserError

    def plan():
        try:
            env["collection.run"]._plan(env.company)
        except UserError:  # the database has not yet noticed who was killed
            env.cr.rollback()
            time.sleep(0.05)
            return plan()
        env.cr.commit()

    PHASES = {
        "plan": plan,
        "deliver": lambda: env["collection.contact"]._cron_deliver(batch_size=4),
        "send": lambda: env["mail.mail"].process_email_queue(),
    }

    def work():
        lasted = {}
        for name, act in PHASES.items():
            begin = time.monotonic()
            say("phase", name)
            act()
            env.cr.commit()
            env.invalidate_all()
            lasted[name] = time.monotonic() - begin
        return lasted
"""

WORK_UNTIL_KILLED = """
    while True:
        work()
"""

FINISH = """
    def is_somebody_left():
        env.cr.rollback()
        env.cr.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()")
        return env.cr.rowcount

    while is_somebody_left():
        time.sleep(0.05)
    lasted = work()
    contacts = env["collection.contact"].search([])
    result({
        "lasted": lasted,
        "contacts": sorted(
            (c.partner_id.name, c.stage_id.name, c.step_id.id, c.channel, c.state,
             sorted(c.line_ids.mapped("item_id.move_id.name")))
            for c in contacts),
        "stages": sorted(
            (item.move_id.name, item.stage_id.name)
            for item in env["collection.item"].search([])),
        "tasks": sorted(
            env["mail.activity"].search([("res_model", "=", "collection.case")])
            .mapped("res_id")),
        "chatter": Counter(
            message.record_name for message in env["mail.message"].search(
                [("model", "=", "collection.case"),
                 ("message_type", "=", "email_outgoing")])),
        "queue": env["mail.mail"].search_count(
            [("model", "=", "collection.case"), ("state", "!=", "sent")]),
        "planned_again": len(env["collection.run"]._plan(env.company).contact_ids),
    })
"""


@pytest.fixture(scope="module")
def books(own_db):
    own_db.shell(BOOKS)
    return own_db


@pytest.fixture(scope="module")
def twin(books):
    """The same books in a database where nobody is killed."""
    database = OdooDatabase("twin")
    database.create_from(books.name)
    yield database
    database.drop()


def take_mails(smtp):
    """Return how often each mail arrived since the last time, by address and text."""
    mails = Counter((mail["To"], mail["Subject"]) for mail in smtp.messages)
    smtp.messages.clear()
    return mails


def work_and_kill(odoo, phase, delay):
    """Return whether it was killed: in the phase, or in what follows it."""
    pid = odoo.start(WORK + WORK_UNTIL_KILLED)
    while odoo.hear(pid, "phase") != phase:
        pass
    time.sleep(delay)
    return odoo.kill(pid)


def test_killed_twenty_times_the_messages_are_those_of_an_undisturbed_run(
    books, twin, smtp
):
    """Every message leaves, in the ledger and on the case exactly once.

    A mail server may get one mail twice for each kill while the queue is sent: the one
    it had taken when the process died before it could commit that it was taken. No
    sender of mails can avoid that.
    """
    with WarmOdoo(twin, smtp.port) as odoo:
        undisturbed = odoo.run(WORK + FINISH)
    expected = take_mails(smtp)
    states = Counter(contact[4] for contact in undisturbed["contacts"])
    quarter = DEBTORS // 4
    assert states == {"sent": 5 * quarter, "failed": quarter}
    assert sum(expected.values()) == 4 * quarter == len(expected)

    chance = random.Random(20)
    with WarmOdoo(books, smtp.port) as odoo:
        killed = [
            work_and_kill(
                odoo,
                phase,
                chance.uniform(0, undisturbed["lasted"][phase] * PARTS[phase]),
            )
            for phase in ROUNDS
        ]
        left = odoo.run(WORK + FINISH)
    assert killed == [True] * 20

    del undisturbed["lasted"], left["lasted"]  # the clock is no result
    assert left == undisturbed
    assert left["planned_again"] == left["queue"] == 0
    arrived = take_mails(smtp)
    assert set(arrived) == set(expected)
    twice = sum((arrived - expected).values())
    assert twice <= ROUNDS.count("send")
