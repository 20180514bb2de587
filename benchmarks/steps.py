"""The steps that are measured. Each runs in an Odoo process of its own.

A step takes the environment and returns figures; what it does is committed, as it is
in real work. It uses what a user or a job uses, nothing inside the engine.
"""

import json
import statistics
import time
from datetime import datetime, timedelta, timezone

import psycopg2

from odoo import Command, fields
from odoo.tests import new_test_user
from odoo.tools import split_every

from .bulk_books import ITEMS_PER_DEBTOR, BulkBooks
from .check_books import check_books
from .marks import RESULT_MARK
from .meter import Meter
from .screens import open_form, open_list

# A day brings new invoices, and some are paid
DAILY_INVOICES = 0.01
DAILY_PAYMENTS = 0.003
MOST_PAYMENTS = 300  # they are registered through Odoo, which takes its time
SENT_BATCH = 500
# Screens: one of so many collectors, a case with so many items more, how often
COLLECTORS = 20
LARGE_CASE = 200
SCREEN_REPETITIONS = 6
# The gate: how many debtors are few; when a debtor is asked about again
FEW_DEBTORS = 100
DAYS_TO_NEXT_STAGE = timedelta(days=10)
GROUP = "base.group_user,collections_mgmt.group_collection_"
WORKLIST = "collections_mgmt.collection_case_worklist_action"
INVOICES = "account.action_move_out_invoice_type"
MINE, ALL = ("mine", "to_do"), ("to_do",)


def perform(env, name, **arguments):
    """Run a step and print its figures for the parent process."""
    figures = STEPS[name](env, **arguments)
    env.cr.commit()
    print(RESULT_MARK + json.dumps(figures))


# BOOKS


def make_books(env, items, per_debtor=ITEMS_PER_DEBTOR):
    """Give an empty company its books, in a currency without cents."""
    company = env.company
    company.country_id = env.ref("base.cl")
    company.currency_id = env.ref("base.CLP")
    company.currency_id.active = True
    env["res.lang"]._activate_lang("es_419")
    with Meter(env.cr) as meter:
        summary = BulkBooks(company).build(items, per_debtor)
        env.cr.commit()
    problems = check_books(company)
    if problems:
        raise ValueError("; ".join(problems))
    return {**meter.result, **vars(summary)}


def add_a_day(env, items, days=1):
    """Write what happens in the books on the day in ``days`` days."""
    books = BulkBooks(env.company)
    day = books.today + timedelta(days=days)
    payments = min(round(items * DAILY_PAYMENTS), MOST_PAYMENTS)
    invoices = round(items * DAILY_INVOICES)
    books.add_invoices(invoices, day)
    books.pay_invoices(payments, day)
    return {"invoices": invoices, "payments": payments}


# OURS


def ask_for_approval(env):
    """Let every message wait for approval, where the suite has such a queue."""
    _open_all_hours(env)
    _fill_in_required_words(env)
    stages = env["collection.stage"].search([])
    if not hasattr(env["collection.contact"], "action_approve"):
        return {"review": False}
    stages.needs_approval = True
    return {"review": True}


def _open_all_hours(env):
    """Let the contact rules speak as always, but at any hour the benchmark runs."""
    if "collection.contact.rule" in env:
        rules = env["collection.contact.rule"].search([("kind", "=", "window")])
        rules.write({"hours": "00:00-24:00", "skip_holidays": False})


def _fill_in_required_words(env):
    """Enter what the law wants messages to say: without it they are stopped."""
    if "collection_payment_ways" in env.company._fields:
        env.company.write(
            {
                "vat": "76543210-3",
                "street": "Avenida Uno 100",
                "city": "Santiago",
                "collection_payment_ways": "By bank transfer to account 100-200-300",
            }
        )


def follow(env, days=0):
    """Sync and decide, as the job does that catches up with the ledger."""
    engine = env["collection.engine"].with_company(env.company)
    day = fields.Date.context_today(env.company) + timedelta(days=days)
    with Meter(env.cr) as meter:
        scope = engine._get_scope(env.company, date=day)
        engine._sync(scope)
        engine._decide(scope)
        env.cr.commit()
    return meter.result


def plan(env, days=0):
    """Sync, decide and plan one day."""
    day = fields.Date.context_today(env.company) + timedelta(days=days)
    with Meter(env.cr) as meter:
        runs = env["collection.run"]._plan(env.company, day)
        env.cr.commit()
    contacts = runs.contact_ids
    return {
        **meter.result,
        "items": env["collection.item"].search_count([("state", "=", "open")]),
        "cases": env["collection.case"].search_count([("state", "=", "open")]),
        "contacts": len(contacts),
    }


def approve(env):
    """Approve everything that waits for it."""
    contacts = env["collection.contact"].search([("state", "=", "review")])
    if not contacts:
        return None
    with Meter(env.cr) as meter:
        contacts.action_approve()
        env.cr.commit()
    return {**meter.result, "contacts": len(contacts)}


def deliver(env, start_at=None):
    """Do what the delivery job does until nothing is left.

    :param float start_at: the moment to begin, so that several begin together
    """
    if start_at:
        time.sleep(max(start_at - time.time(), 0))
    begun = time.time()
    with Meter(env.cr) as meter:
        done = False
        while not done:
            try:
                env["collection.contact"]._cron_deliver()
                env.cr.commit()
                done = True
            except psycopg2.OperationalError:
                env.cr.rollback()  # as the scheduler does, which calls again
    return {**meter.result, "begun": begun, "ended": time.time()}


def mass_mail(env):
    """Queue a mail of three lines to each debtor, by Odoo's own means.

    No amounts, nothing on a case: what any message costs here at the least.
    """
    template = env["mail.template"].create(
        {
            "name": "Three lines",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "subject": "Your account",
            "email_to": "{{ object.email }}",
            "body_html": "<p>Dear <t t-out='object.name'/>,</p>"
            "<p>please look at your account.</p><p>Regards</p>",
        }
    )
    debtors = env["res.partner"].search([("ref", "=like", "BULK%")])
    with Meter(env.cr) as meter:
        for ids in split_every(SENT_BATCH, debtors.ids):
            template.send_mail_batch(list(ids))
            env.cr.commit()
            env.invalidate_all()
    return {**meter.result, "messages": len(debtors), "debtors": len(debtors)}


def count_messages(env):
    """Return what became of the contacts."""
    groups = env["collection.contact"]._read_group(
        [("channel", "=", "email")], ["state"], ["__count", "partner_id:count_distinct"]
    )
    return {state: {"messages": n, "debtors": d} for state, n, d in groups}


def note_sent(env):
    """Take the queued mails as sent, none leaves."""
    contacts = env["collection.contact"].search([("state", "=", "queued")])
    ids = contacts.ids
    for start in range(0, len(ids), SENT_BATCH):
        contacts.browse(ids[start : start + SENT_BATCH])._set_sent()
        env.cr.commit()
    return {"contacts": len(ids)}


def gate(env):
    """Ask the gate about an e-mail to every debtor, as a run does; once by a button.

    All were written to just before. They are asked about for the day of the next stage,
    when most may be written to, and for now, when all have to wait.
    """
    # Other steps run where the module is not installed.
    from odoo.addons.collections_mgmt.models.collection_gate import Ask

    cases = env["collection.case"].search([("state", "=", "open")])
    asks = [
        Ask(case.partner_id.id, "email", debt_ids=frozenset(case.item_ids.move_id.ids))
        for case in cases
    ]
    now = datetime.now(timezone.utc)
    next_stage = now + DAYS_TO_NEXT_STAGE
    few = _ask_gate(env, asks[:FEW_DEBTORS], next_stage)
    return {
        "gate": {
            **_ask_gate(env, asks, next_stage),
            "few_debtors": min(FEW_DEBTORS, len(asks)),
            "few_queries": few["queries"],
        },
        "gate_wait": _ask_gate(env, asks, now),
        **_time_calls(env, cases),
    }


def _ask_gate(env, asks, moment):
    """Return the figures of some questions asked at once.

    ``python``: processor seconds of this process alone.
    """
    env.invalidate_all()
    with Meter(env.cr) as meter:
        begun = time.process_time()
        answers = env["collection.gate"]._judge(env.company, asks, moment)
        python = time.process_time() - begun
    return {
        **meter.result,
        "python": round(python, 4),
        "debtors": len(asks),
        "allowed": sum(verdict.result == "allow" for verdict, _facts in answers),
    }


def _time_calls(env, cases):
    """Return what the button “Call” costs, each time on another case.

    ``check``: the question whether this call is allowed, alone. ``call``: all that the
    button does; it asks about every way to reach the debtor, keeps the place and opens
    the panel.
    """
    user = new_test_user(env, "bench_caller", GROUP + "manager")
    # One by one, as a person opens them: together they would be read together.
    calls = (cases.browse(case_id).with_user(user) for case_id in cases.ids)
    contacts = env["collection.contact"].with_user(user)
    return {
        "check": _time_screen(env, lambda: contacts._ask_by_hand(next(calls), "call")),
        "call": _time_screen(env, lambda: next(calls).action_call()),
    }


def rank(env):
    """Rank every case, as the nightly job does."""
    with Meter(env.cr) as meter:
        changed = env["collection.engine"]._rank_today(env.company)
        env.cr.commit()
    cases = env["collection.case"].search_count([("state", "=", "open")])
    return {**meter.result, "cases": cases, "changed": changed}


def verdicts(env, items):
    """Judge promises of which each was kept by a payment that just came in.

    As the nightly job does. The payments are in the books before the promises are made,
    and then taken for later ones: to register so many one after the other takes hours.
    """
    count = max(items // ITEMS_PER_DEBTOR, 1)
    BulkBooks(env.company).add_part_paid(count)
    env["collection.engine"]._follow(env.company)
    env.cr.commit()
    _promise_what_was_paid(env, count)
    with Meter(env.cr) as meter:
        env["collection.engine"]._follow(env.company)
        env.cr.commit()
    kept = env["collection.promise"].search_count([("state", "=", "kept")])
    return {**meter.result, "promises": count, "kept": kept}


def _promise_what_was_paid(env, count):
    """Promise, by today, what is paid of the latest items; nothing counts as paid."""
    today = fields.Date.context_today(env.company)
    items = env["collection.item"].search(
        [("state", "=", "open")], order="id desc", limit=count
    )
    for ids in split_every(SENT_BATCH, items.ids):
        _promise_each(env, env["collection.item"].browse(ids), today)
        env.cr.commit()
        env.invalidate_all()
    env.cr.execute("UPDATE collection_promise_line SET settled_before = '{}'")
    env.cr.commit()


def _promise_each(env, items, day):
    paid = {
        item: item.move_line_id.balance - item.move_line_id.amount_residual
        for item in items
    }
    promises = env["collection.promise"].create(
        [
            {
                "case_id": item.case_id.id,
                "line_ids": [Command.create({"item_id": item.id, "amount": amount})],
                "instalment_ids": [Command.create({"date": day, "amount": amount})],
            }
            for item, amount in paid.items()
        ]
    )
    promises.action_confirm()


def screens(env):
    """Open a collector's worklist and a case with many items, as the client does.

    Each is opened several times with an empty cache; the medians are returned.
    """
    cases = env["collection.case"].search([("state", "=", "open")])
    collector, manager = (
        env(user=new_test_user(env, f"bench_{group}", GROUP + group).id)
        for group in ("collector", "manager")
    )
    cases[: len(cases) // COLLECTORS].agent_id = collector.user
    large = cases[0]
    moves = _create_drafts(env, LARGE_CASE, large.partner_id)
    moves.invoice_payment_term_id = False
    moves.action_post()
    env["collection.engine"]._follow(env.company, tuple(large.partner_id.ids))
    env.cr.commit()
    return {
        "cases": len(cases),
        "own_cases": len(cases) // COLLECTORS,
        "items": len(large.open_item_ids),
        "worklist": _time_screen(env, lambda: open_list(collector, WORKLIST, MINE)),
        "worklist_of_all": _time_screen(env, lambda: open_list(manager, WORKLIST, ALL)),
        "case": _time_screen(env, lambda: open_form(collector, WORKLIST, large)),
    }


def invoice_list(env):
    """Open the list of invoices as an accountant who may see collections, if any."""
    groups = "base.group_user,account.group_account_invoice"
    if "collection.case" in env:
        groups += f",{GROUP}manager"
    accountant = env(user=new_test_user(env, "bench_accountant", groups).id)
    return _time_screen(env, lambda: open_list(accountant, INVOICES, ()))


def _time_screen(env, act):
    results = []
    for _repetition in range(SCREEN_REPETITIONS):
        env.invalidate_all()
        with Meter(env.cr) as meter:
            act()
        results.append(meter.result)
    # The first one fills the caches that a server keeps.
    return {
        key: statistics.median(result[key] for result in results[1:])
        for key in results[0]
    }


# THE RIVAL: OCA account_credit_control


def rival_prepare(env):
    """Configure it as its manual says, without PDFs."""
    accounts = env["account.account"].search(
        [("account_type", "=", "asset_receivable")]
    )
    env["credit.control.policy"].search([]).account_ids = accounts
    env["mail.template"].search(
        [("model", "=", "credit.control.communication")]
    ).report_template_ids = [Command.clear()]
    return {}


def rival_run(env, days=0):
    """Create a run and compute its lines."""
    day = fields.Date.context_today(env.company) + timedelta(days=days)
    with Meter(env.cr) as meter:
        run = env["credit.control.run"].create({"date": day})
        run.generate_credit_lines()
        env.cr.commit()
    return {**meter.result, "lines": len(run.line_ids)}


def rival_approve(env):
    """Mark the lines of the last run "to do"."""
    run = env["credit.control.run"].search([], order="id desc", limit=1)
    with Meter(env.cr) as meter:
        run.set_to_ready_lines()
        env.cr.commit()
    return {**meter.result, "lines": len(run.line_ids)}


def rival_messages(env, debtors=None):
    """Create the communications and their mails, which stay in the queue.

    :param int debtors: for so many debtors only
    """
    # Its run does the same for all e-mail lines; then the letters, which are PDFs.
    lines = env["credit.control.line"].search(
        [("state", "=", "to_be_sent"), ("channel", "=", "email")], order="id"
    )
    partners = lines.partner_id[:debtors]
    lines = lines.filtered(lambda line: line.partner_id in partners)
    env.invalidate_all()
    communications = env["credit.control.communication"].with_context(
        mail_notify_force_send=False
    )
    with Meter(env.cr) as meter:
        communications = communications._generate_comm_from_credit_lines(lines)
        communications._generate_emails()
        env.cr.commit()
    return {
        **meter.result,
        "messages": len(communications),
        "debtors": len(partners),
    }


# POSTING AND PAYING, with and without the suite


def post_and_pay(env, count, one_by_one):
    """Post invoices and register their payments: together, then each by itself."""
    moves = _create_drafts(env, count)
    env.cr.commit()
    figures = {"count": count, "one_by_one": one_by_one}
    with Meter(env.cr) as meter:
        moves.action_post()
        env.cr.commit()
    figures["post"] = meter.result
    with Meter(env.cr) as meter:
        _pay(moves)
        env.cr.commit()
    figures["pay"] = meter.result
    figures.update(_post_and_pay_each(env, one_by_one))
    return figures


def _post_and_pay_each(env, count):
    results = {"post_each": [], "pay_each": []}
    for move in _create_drafts(env, count):
        for name, act in (("post_each", move.action_post), ("pay_each", _pay)):
            env.invalidate_all()
            with Meter(env.cr) as meter:
                act(*([move] if act is _pay else []))
                env.cr.commit()
            results[name].append(meter.result)
    return {
        name: {
            key: statistics.median(result[key] for result in of_each)
            for key in of_each[0]
        }
        for name, of_each in results.items()
    }


def _create_drafts(env, count, debtors=None):
    debtors = debtors or env["res.partner"].search(
        [("ref", "=like", "BULK%")], limit=count
    )
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": debtors[number % len(debtors)].id,
                "invoice_date": fields.Date.context_today(env.company),
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": 1000})
                ],
            }
            for number in range(count)
        ]
    )
    env.cr.commit()
    return moves


def _pay(moves):
    moves.env["account.payment.register"].with_context(
        active_model="account.move", active_ids=moves.ids
    ).create({"group_payment": False})._create_payments()


STEPS = {
    step.__name__: step
    for step in (
        *(make_books, add_a_day),
        *(ask_for_approval, follow, plan, approve, gate, rank, verdicts, screens),
        *(mass_mail, deliver, count_messages, note_sent),
        *(rival_prepare, rival_run, rival_approve, rival_messages),
        *(post_and_pay, invoice_list),
    )
}
