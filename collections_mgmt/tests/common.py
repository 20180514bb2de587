from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from odoo.tools.mail import html_sanitize

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail.tests.common import MockEmail

TODAY = date(2026, 3, 16)
MIDDAY = time(12)


@freeze_time(datetime.combine(TODAY, MIDDAY))
@tagged("post_install", "-at_install")
class CollectionCommon(AccountTestInvoicingCommon, MockEmail):
    """A fresh company whose strategy has known stages, on a known day.

    ``days`` always counts from ``today``: how late an invoice is, or how far ahead.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = TODAY
        cls.usd = cls.env.company.currency_id
        cls.env.company.write({"name": "Creditor Ltd", "email": "us@creditor.test"})
        cls.template = cls._create_template("Statement")
        cls.strategy = cls._create_strategy(
            "Known Stages",
            {
                -3: ("Soon", 0, "email"),
                0: ("Due", 0, "email"),
                3: ("First", 3, "email"),
                10: ("Second", 5, "email"),
                20: ("Final", 5, "email"),
                30: ("Call", 5, "task"),
            },
        )
        cls.stage_soon, cls.stage_due, cls.stage_first = cls.strategy.stage_ids[:3]
        cls.stage_second, cls.stage_final, cls.stage_call = cls.strategy.stage_ids[3:]
        cls.env.company.collection_strategy_id = cls.strategy
        cls._allow_contacts()

    @classmethod
    def _allow_contacts(cls, **values):
        """Replace the contact rules by one: at any time, unless values say else."""
        Rule = cls.env["collection.contact.rule"]
        Rule.search([]).active = False
        return Rule.create(
            {
                "name": "Any Time",
                "code": "ANY",
                "kind": "window",
                "hours": "00:00-24:00",
                **values,
            }
        )

    @classmethod
    def _create_contact_limits(cls, partner):
        """Give a debtor a stop and a consent, both without effect, and a holiday."""
        cls.env["collection.hold"].create(
            {
                "partner_id": partner.id,
                "date_from": cls.today - timedelta(days=9),
                "date_to": cls.today - timedelta(days=9),
            }
        )
        cls.env["collection.consent"].create(
            {
                "partner_id": partner.id,
                "channel_id": cls.env.ref("collections_mgmt.collection_channel_sms").id,
            }
        )
        cls.env["collection.holiday"].create({"name": "Inventory", "date": cls.today})

    @classmethod
    def get_default_groups(cls):
        # EXTENDS 'account'
        return super().get_default_groups() | cls.quick_ref(
            "collections_mgmt.group_collection_manager"
        )

    # CONFIGURATION

    @classmethod
    def _create_template(cls, name, **values):
        return cls.env["mail.template"].create(
            {
                "name": name,
                "model_id": cls.env["ir.model"]._get_id("collection.contact"),
                "subject": "{{ object.stage_id.name }}: {{ object.partner_id.name }}",
                "lang": "{{ object.lang }}",
                "use_default_to": False,
                "body_html": '<p>Dear <t t-out="object.address_partner_id.name"/></p>'
                '<t t-out="object.items_table"/>',
                **values,
            }
        )

    @classmethod
    def _create_strategy(cls, name, stages, **values):
        """Create a strategy with one step per stage.

        :param dict stages: {days: (name, minimum days, channel)}
        """
        strategy = cls.env["collection.strategy"].create({"name": name, **values})
        for days, (stage_name, minimum_days, channel) in stages.items():
            cls._create_stage(strategy, days, stage_name, minimum_days, channel)
        strategy.invalidate_recordset(["stage_ids"])
        return strategy

    @classmethod
    def _create_stage(cls, strategy, days, name, minimum_days=0, channel="email"):
        return cls.env["collection.stage"].create(
            {
                "strategy_id": strategy.id,
                "name": name,
                "days": days,
                "minimum_days": minimum_days,
                "step_ids": [
                    Command.create(
                        {
                            "channel": channel,
                            "template_id": channel == "email" and cls.template.id,
                        }
                    )
                ],
            }
        )

    @classmethod
    def _create_creditor(cls, name):
        """Create a second company with books and the known stages."""
        company = cls.setup_other_company(name=name, email="them@creditor.test")[
            "company"
        ]
        company.collection_strategy_id = cls.strategy
        return company

    @classmethod
    def _create_branch(cls, name):
        """Create a branch of the current company, with the books of its root."""
        branch = cls.env["res.company"].create(
            {"name": name, "parent_id": cls.env.company.id}
        )
        cls.cr.precommit.run()  # account loads the chart of a branch there
        cls.env.user.company_ids |= branch
        return branch

    @classmethod
    def _create_promise(cls, move):
        """Draft a promise to pay an invoice in four days."""
        item = cls._items(cls, move)
        amount = item.amount_residual_currency
        date = cls.today + timedelta(days=4)
        return cls.env["collection.promise"].create(
            {
                "case_id": item.case_id.id,
                "line_ids": [Command.create({"item_id": item.id, "amount": amount})],
                "instalment_ids": [Command.create({"date": date, "amount": amount})],
            }
        )

    @classmethod
    def _create_dispute(cls, move, amount=None, **values):
        """Record that a debtor contests an invoice, or a part of it."""
        item = cls._items(cls, move)
        line = {"item_id": item.id, **({"amount": amount} if amount else {})}
        return cls.env["collection.dispute"].create(
            {
                "case_id": item.case_id.id,
                "reason_id": cls.env.ref(
                    "collections_mgmt.collection_dispute_reason_price"
                ).id,
                "line_ids": [Command.create(line)],
                **values,
            }
        )

    @classmethod
    def _create_hold(cls, move, reason="document", **values):
        """Put the items of an invoice on hold, for the reason's usual days."""
        items = cls._items(cls, move)
        return cls.env["collection.item.hold"].create(
            {
                "case_id": items.case_id.id,
                "item_ids": [Command.set(items.ids)],
                "reason_id": cls.env.ref(
                    f"collections_mgmt.collection_hold_reason_{reason}"
                ).id,
                **values,
            }
        )

    @classmethod
    def _create_incoming(cls, case, email_from="somebody@debtor.test", **values):
        """Let an e-mail wait that may be about a case, as if it had arrived."""
        return (
            cls.env["collection.incoming"]
            .sudo()
            .create(
                {
                    "name": "About your invoice",
                    "email_from": email_from,
                    "company_id": case.company_id.id,
                    "candidate_ids": [Command.create({"case_id": case.id})],
                    **values,
                }
            )
            .with_env(cls.env)
        )

    # LEDGER

    @classmethod
    def _create_debtor(cls, name, email="auto", lang="en_US", **values):
        """Create a customer; ``email=False`` for one without an address."""
        if email == "auto":
            email = f"{name.lower().replace(' ', '.')}@debtor.test"
        return cls.env["res.partner"].create(
            {
                "name": name,
                "email": email,
                "lang": lang,
                "is_company": True,
                "property_account_receivable_id": cls.company_data[
                    "default_account_receivable"
                ].id,
                **values,
            }
        )

    @classmethod
    def _create_overdue_invoice(
        cls, partner, days, amount=100.0, currency=None, company=None, **values
    ):
        """Post an invoice ``days`` late today; negative days are still to come."""
        due = cls.today - timedelta(days=days)
        invoiced = min(due, cls.today) - timedelta(days=30)
        return cls._post_move(
            partner,
            amount,
            currency,
            company,
            **{
                "move_type": "out_invoice",
                "invoice_date": invoiced,
                "date": invoiced,
                "invoice_payment_term_id": False,
                "invoice_date_due": due,
                **values,
            },
        )

    @classmethod
    def _create_credit_note(cls, partner, amount, currency=None, company=None):
        """Post a credit note that is not matched with any invoice."""
        return cls._post_move(
            partner,
            amount,
            currency,
            company,
            move_type="out_refund",
            invoice_date=cls.today,
            invoice_date_due=cls.today,
        )

    @classmethod
    def _post_move(cls, partner, amount, currency, company, **values):
        move = (
            cls.env["account.move"]
            .with_company(company or cls.env.company)
            .create(
                {
                    "partner_id": partner.id,
                    "currency_id": (
                        currency or (company or cls.env.company).currency_id
                    ).id,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Goods", "price_unit": amount, "tax_ids": []}
                        )
                    ],
                    **values,
                }
            )
        )
        move.action_post()
        return move

    @classmethod
    def _create_payment(cls, partner, amount):
        """Post a payment that is not matched with any invoice."""
        payment = cls.env["account.payment"].create(
            {
                "partner_id": partner.id,
                "amount": amount,
                "date": cls.today,
                "payment_type": "inbound",
                "partner_type": "customer",
            }
        )
        payment.action_post()
        return payment

    def _pay(self, invoice, amount=None):
        """Register a payment of an invoice, in full when no amount is given."""
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"amount": amount} if amount else {})
        )
        return register._create_payments()

    def _match(self, *moves):
        """Match the receivable lines of moves with each other."""
        lines = self.env["account.move.line"]
        for move in moves:
            lines |= self._get_receivable_lines(move)
        lines.reconcile()

    def _get_receivable_lines(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )

    # ENGINE

    def _end_transaction(self):
        """Do what happens before a commit; the commit itself is left out."""
        self.cr.flush()
        self.env.invalidate_all()

    @contextmanager
    def _day(self, days):
        """Be ``days`` after today."""
        moment = datetime.combine(self.today + timedelta(days=days), MIDDAY)
        with freeze_time(moment):
            yield

    def _plan(self, date=None, companies=None):
        """Plan a day as the planning job does; return the runs."""
        runs = self.env["collection.run"]._plan(
            companies or self.env.company.root_id, date
        )
        self.env.invalidate_all()
        return runs

    def _sync_only(self):
        """Open the items without planning any contact."""
        self.env.company.collection_strategy_id = False
        self._plan()
        self.env.company.collection_strategy_id = self.strategy

    def _deliver(self):
        """Deliver all that is planned as the delivery job does; return the contacts."""
        contacts = self.env(user=SUPERUSER_ID, context={})["collection.contact"].search(
            [("state", "=", "planned")], order="id"
        )
        contacts._process()
        self.env.flush_all()
        return contacts.with_env(self.env)

    def _send_mails(self):
        """Let the outgoing queue send the mails of contacts; return what left."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            self._get_queued_mails().send()
        self.env.flush_all()
        return self.emails

    def _fail_mails(self, error="The mailbox is full"):
        """Let the mail server refuse the mails of contacts."""

        def refuse(*args, **kwargs):
            raise OSError(error)

        with (
            self.mock_mail_gateway(mail_unlink_sent=True),
            patch.object(IrMail_Server, "send_email", refuse),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            self._get_queued_mails().send()
        self.env.flush_all()

    def _get_queued_mails(self):
        env = self.env(user=SUPERUSER_ID, context={})
        contacts = env["collection.contact"].search([("state", "=", "queued")])
        return contacts.mail_mail_id

    def _run(self, days=0):
        """Do a whole day: plan, deliver and send; return the planned contacts."""
        with self._day(days):
            run = self._plan()
            self._deliver()
            self._send_mails()
        return run.contact_ids

    def _create_step(self, stage, channel="email", **values):
        """Give a stage one more step."""
        return self.env["collection.step"].create(
            {
                "stage_id": stage.id,
                "channel": channel,
                "template_id": channel in ("email", "letter") and self.template.id,
                **values,
            }
        )

    def _log_call(self, partner, outcome="attempted", channel="call"):
        """Write down, as a collector does, that the debtor was called just now."""
        panel = self.env["collection.contact.log"].create(
            {"case_id": self._case(partner).id, "channel": channel, "is_past": True}
        )
        panel.outcome = outcome
        panel.action_save()
        return self._contacts(partner)[-1:]

    # FINDERS

    def _case(self, partner):
        """Return the debtor's open case in the current company."""
        return self.env["collection.case"].search(
            [("partner_id", "=", partner.id), ("state", "=", "open")]
        )

    def _items(self, move):
        """Return the followed instalments of an invoice, the earliest first."""
        return self.env["collection.item"].search([("move_id", "=", move.id)])

    def _contacts(self, partner):
        """Return the contact attempts with a debtor, the first one first."""
        return self.env["collection.contact"].search(
            [("partner_id", "=", partner.id)], order="id"
        )

    def _stand(self, move, stage, days):
        """Put the items of an invoice in a stage that it reached ``days`` ago."""
        self._items(move).sudo().write(
            {
                "stage_id": stage.id,
                "passed_stage_id": stage.id,
                "stage_date": self.today - timedelta(days=days),
            }
        )

    # CHECKS

    def _assert_clean(self, body):
        """Check that Odoo would keep this body of a message as it is."""
        cleaned = html_sanitize(body, sanitize_attributes=True, sanitize_style=True)
        self.assertEqual(cleaned, str(body).replace("\xa0", "&nbsp;"))
