# Read before every script of OdooDatabase.shell: `env` is there, `result` reports.
import json
from datetime import timedelta

from odoo import Command, fields

today = fields.Date.today()


def result(value):
    print("RESULT:" + json.dumps(value, default=str))  # noqa: T201


def allow_contacts():
    """Replace the contact rules by one: at any time, by any channel."""
    rules = env["collection.contact.rule"]  # noqa: F821
    if not rules.search([("code", "=", "ANY")]):
        rules.search([]).active = False
        rules.create({"name": "Any Time", "code": "ANY", "hours": "00:00-24:00"})
        env.cr.commit()  # noqa: F821


if "collection.contact.rule" in env:  # noqa: F821  # not after the suite was removed
    allow_contacts()


def overdue_invoice(name, email, days, amount=60):
    """Post an invoice due ``days`` ago, for a new debtor; return it."""
    if not env.company.chart_template:  # noqa: F821
        env["account.chart.template"].try_loading(  # noqa: F821
            "generic_coa",
            company=env.company,  # noqa: F821
        )
    debtor = env["res.partner"].create({"name": name, "email": email})  # noqa: F821
    invoice = env["account.move"].create(  # noqa: F821
        {
            "move_type": "out_invoice",
            "partner_id": debtor.id,
            "invoice_date": today - timedelta(days=90),
            "invoice_date_due": today - timedelta(days=days),
            "invoice_line_ids": [
                Command.create({"name": "goods", "price_unit": amount, "tax_ids": []})
            ],
        }
    )
    invoice.action_post()
    return invoice


def deliver():
    """Do what the two jobs do: deliver what is planned, send the mail queue."""
    env.cr.commit()  # noqa: F821
    contacts = env["collection.contact"]  # noqa: F821
    while contacts.search_count(contacts._get_ready_domain()):
        contacts._cron_deliver()
    queue = env["mail.mail"].search([("state", "=", "outgoing")])  # noqa: F821
    queue.send(auto_commit=True)
    env.cr.commit()  # noqa: F821
    env.invalidate_all()  # noqa: F821


def run_and_deliver():
    """Plan today, deliver, and return the run."""
    run = env["collection.run"]._plan(env.company)  # noqa: F821
    deliver()
    return run
