"""Messages about promises: like any other they pass the gate and the last check."""

from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import FAILED_PROMISES

PROMISE_MESSAGES = [
    ("reminder", "Reminder of a promise"),
    ("proposal", "Proposal of a payment plan"),
    ("default", "End of a payment plan"),
]
# By which channels each leaves: the first for which the debtor has an address. Links
# are read by e-mail alone, but who loses a plan is told in any case.
MESSAGE_CHANNELS = {
    "reminder": ["email"],
    "proposal": ["email"],
    "default": ["email", "letter"],
}


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    promise_id = fields.Many2one(
        "collection.promise",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The promise the message is about.",
    )
    promise_message = fields.Selection(PROMISE_MESSAGES, readonly=True)
    promise_amount_due = fields.Monetary(
        related="promise_id.amount_due", currency_field="promise_currency_id"
    )
    promise_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_promise_currency_id",
        string="Currency of the Promise",
    )

    @api.depends("promise_id.currency_id", "company_id.currency_id")
    def _compute_promise_currency_id(self):
        # Odoo tries a template on some message when saved, also on one about none.
        for contact in self:
            contact.promise_currency_id = (
                contact.promise_id.currency_id or contact.company_id.currency_id
            )

    @api.depends("promise_message")
    def _compute_display_name(self):
        # EXTENDS: such a message belongs to no stage
        result = super()._compute_display_name()
        labels = dict(self._fields["promise_message"]._description_selection(self.env))
        for contact in self.filtered("promise_message"):
            label = labels[contact.promise_message]
            contact.display_name = f"{label} · {contact.partner_id.display_name}"
        return result

    # PLANNING

    @api.model
    def _plan_promise_messages(self, promises, message, run=None):
        """Plan one message about each promise whose debtor can be reached.

        :param str message: of PROMISE_MESSAGES
        :param collection.run run: the run they belong to, if any
        :return: the contacts
        """
        if not promises:
            return self.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            self._get_insert_promise_messages_sql(promises, message, run)
        )
        self.env.invalidate_all(flush=False)
        if rows:
            self._trigger_delivery()
        return self.browse([contact_id for [contact_id] in rows])

    @api.model
    def _get_insert_promise_messages_sql(self, promises, message, run):
        debtors = SQL(
            "SELECT partner_id FROM collection_promise WHERE id = ANY(%s)",
            promises.ids,
        )
        return SQL(
            """
            INSERT INTO collection_contact (
                run_id, case_id, partner_id, company_id, channel, address_partner_id,
                state, date_planned, promise_id, promise_message,
                create_uid, create_date, write_uid, write_date
            )
            SELECT DISTINCT ON (promise.id)
                   %(run)s, promise.case_id, cases.partner_id, cases.company_id,
                   address.channel, address.partner_id, 'planned', %(date)s, promise.id,
                   %(message)s,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM collection_promise promise
              JOIN collection_case cases ON cases.id = promise.case_id
              JOIN (%(addresses)s) address ON address.debtor_id = cases.partner_id
             WHERE promise.id = ANY(%(promises)s)
               AND address.channel = ANY(%(channels)s)
             ORDER BY promise.id, array_position(%(channels)s, address.channel)
            RETURNING id
            """,
            run=run and run.id,
            date=run.date if run else fields.Date.context_today(self),
            message=message,
            channels=MESSAGE_CHANNELS[message],
            uid=self.env.uid,
            addresses=self.env["collection.engine"]._get_addresses_sql(debtors),
            promises=promises.ids,
        )

    # DELIVERY

    def _get_template(self):
        # EXTENDS: the company chooses the texts about promises, or takes ours
        names = self._get_promise_templates().get((self.promise_message, self.channel))
        if not names:
            return super()._get_template()
        field_name, xmlid = names
        return self.company_id[field_name] or self.env.ref(f"collections_mgmt.{xmlid}")

    def _get_promise_templates(self):
        """Return {(message, channel): (field of the company, our own template)}."""
        return {
            ("reminder", "email"): (
                "collection_promise_template_id",
                "mail_template_promise_reminder",
            ),
            ("proposal", "email"): (
                "collection_plan_template_id",
                "mail_template_plan_proposal",
            ),
            ("default", "email"): (
                "collection_plan_default_template_id",
                "mail_template_plan_default",
            ),
            ("default", "letter"): (
                "collection_plan_default_letter_id",
                "mail_template_plan_default_letter",
            ),
        }

    def _prepare_ask(self):
        # EXTENDS: a friendly word before the date is a reminder to the rules, too
        ask = super()._prepare_ask()
        if not self.promise_id:
            return ask
        return replace(
            ask,
            stage_kind="reminder" if self.promise_message == "reminder" else "dunning",
            debt_ids=frozenset(self.promise_id.line_ids.item_id.move_id.ids),
        )

    def _check_truth(self):
        # EXTENDS: drop what says of a promise what is not true any more
        contacts = super()._check_truth()
        outdated = contacts.filtered(
            lambda contact: (
                contact.promise_id and not contact._is_promise_message_true()
            )
        )
        outdated._set_dropped(self.env._("The promise is not what it was any more."))
        return contacts - outdated

    def _is_promise_message_true(self):
        """Return whether there is still a reason for the message."""
        self.ensure_one()
        promise = self.promise_id
        if self.promise_message == "proposal":
            return promise.proposal_contact_id == self and promise._is_acceptable()
        if self.promise_message == "default":
            return promise.state in FAILED_PROMISES
        today = fields.Date.context_today(self)
        return promise.state == "open" and promise.date_due > today

    def _get_drop_reasons(self):
        # EXTENDS: a proposal is the answer to what the debtor wrote
        proposed = set(
            self.filtered(lambda contact: contact.promise_message == "proposal").ids
        )
        return {
            contact_id: None if code == "replied" and contact_id in proposed else code
            for contact_id, code in super()._get_drop_reasons().items()
        }

    # THE PROPOSAL GOES ALONG

    def _asks_for_documents(self):
        # EXTENDS: the plan is read on paper, too
        return super()._asks_for_documents() or self.promise_message == "proposal"

    def _get_document_keys(self):
        # EXTENDS: as for asking
        keys = super()._get_document_keys()
        if self.promise_message == "proposal":
            keys = [*keys, ("proposal", None, self.promise_id.id)]
        return keys

    def _make_documents(self):
        # EXTENDS: as for asking
        files, problems = super()._make_documents()
        plans = self.filtered(
            lambda contact: contact.promise_message == "proposal"
        ).promise_id
        pdfs, reasons = self._print_documents(
            self.env.ref("collections_mgmt.action_report_plan_proposal"), plans
        )
        for plan in plans:
            key = ("proposal", None, plan.id)
            if plan.id in reasons:
                problems[key] = self.env._(
                    "The proposal cannot be made as a PDF: %(reason)s",
                    reason=reasons[plan.id],
                )
            else:
                name = plan._get_proposal_filename()
                files[key] = self._create_document(name, pdfs[plan.id], plan.case_id)
        return files, problems

    # THE LINK

    promise_url = fields.Char(
        string="Link to the Plan",
        compute="_compute_promise_url",
        help="Leads the debtor to the proposal, to read and accept it, for templates.",
    )

    @api.depends("promise_id.proposal_hash")
    def _compute_promise_url(self):
        for contact in self:
            contact.promise_url = (
                contact.promise_message == "proposal"
                and contact.promise_id.proposal_hash
                and contact._get_promise_url()
            )

    def _get_promise_url(self):
        self.ensure_one()
        return (
            f"{self.company_id.get_base_url()}/collections/plan/{self.id}/"
            f"{self._get_signature(self._get_plan_purpose())}"
        )

    def _get_plan_purpose(self):
        """Return what the link is for: these words, and no others."""
        return f"plan/{self.promise_id.sudo().proposal_hash}"


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _plan_contacts(self, scope, run):
        # EXTENDS: and who is reminded of a promise
        count = super()._plan_contacts(scope, run)
        if not scope.company.collection_test_mode:
            count += self._plan_promise_reminders(scope, run)
        return count

    def _plan_promise_reminders(self, scope, run):
        """Plan a friendly reminder before the dates of promises; each once.

        :return: the number of contacts
        """
        days = scope.company.collection_promise_reminder_days
        if not days:
            return 0
        due = self._get_instalments_to_remind(scope, days)
        contacts = self.env["collection.contact"]._plan_promise_messages(
            due.promise_id, "reminder", run
        )
        by_promise = {contact.promise_id: contact for contact in contacts}
        for instalment in due:
            instalment.reminder_contact_id = by_promise.get(instalment.promise_id)
        return len(contacts)

    def _get_instalments_to_remind(self, scope, days):
        """Return the next instalments that are due in so many days, or sooner.

        Nobody is reminded on the day of the promise, nor twice.
        """
        domain = (
            Domain("promise_id.state", "=", "open")
            & Domain("promise_id.date_made", "<", scope.date)
            & Domain("promise_id.case_id.state", "=", "open")
            & Domain("company_id", "=", scope.company.id)
            & Domain("state", "=", "open")
            & Domain("reminder_contact_id", "=", False)
            & Domain("date", ">", scope.date)
            & Domain("date", "<=", scope.date + timedelta(days=days))
        )
        if scope.partner_ids is not None:
            domain &= Domain("partner_id", "in", scope.partner_ids)
        due = self.env["collection.promise.instalment"].search(domain)
        return due.filtered(
            lambda instalment: instalment.date == instalment.promise_id.date_due
        )
