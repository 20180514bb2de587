"""The proposal of a payment plan, and its acceptance with proof of who and what."""

import hashlib
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .collection_promise import FREE_FIELDS

PROPOSAL_FIELDS = (
    *("proposal_text", "proposal_hash", "proposal_contact_id"),
    *("date_proposed", "date_valid"),
)


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    # The proposal that is out: what it says, word for word, and until when it holds
    proposal_text = fields.Html(string="Proposal", readonly=True, sanitize=False)
    proposal_hash = fields.Char(
        string="Hash of the Proposal",
        readonly=True,
        help="SHA-256 of the text of the proposal.",
    )
    proposal_contact_id = fields.Many2one(
        "collection.contact",
        string="Proposed By",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    date_proposed = fields.Date(string="Proposed On", readonly=True)
    date_valid = fields.Date(string="Proposal Valid Until", readonly=True)

    # Who accepted it. The evidence is with the contact: see _note_acceptance.
    accepted_name = fields.Char(string="Accepted By", readonly=True)
    accepted_date = fields.Datetime(string="Accepted On", readonly=True)
    accepted_ip = fields.Char(string="From Address", readonly=True)

    # PROPOSING

    def action_send_proposal(self):
        """Send the plan to the debtor, with a link by which it is accepted."""
        self.ensure_one()
        self.check_access("write")
        self._check_is_proposable()
        self._check_can_hold()
        self._check_limits()
        self._propose()
        return True

    def _check_is_proposable(self):
        if self.kind != "plan" or self.state != "draft":
            raise UserError(
                self.env._("Only the draft of a payment plan can be proposed.")
            )

    def _propose(self):
        today = fields.Date.context_today(self)
        valid = today + timedelta(days=self.company_id.collection_plan_valid_days)
        promise_sudo = self.sudo()  # the proposal is the suite's own; see above
        promise_sudo._withdraw_proposal()
        promise_sudo._set_interest()  # dates and amounts may be others by now
        first = min(self.instalment_ids.mapped("date"))
        promise_sudo.write(
            {
                "date_proposed": today,
                "date_valid": min(valid, first),
                "tolerance_days": self._get_grace_days(),
            }
        )
        text = promise_sudo._render_proposal()
        promise_sudo.write(
            {
                "proposal_text": text,
                "proposal_hash": hashlib.sha256(text.encode()).hexdigest(),
            }
        )
        contact_sudo = promise_sudo.env["collection.contact"]._plan_promise_messages(
            promise_sudo, "proposal"
        )
        if not contact_sudo:
            raise UserError(
                self.env._(
                    "%(debtor)s has no e-mail address to which the proposal could be "
                    "sent. Add one, or print the proposal and confirm the plan once "
                    "it is signed.",
                    debtor=self.partner_id.display_name,
                )
            )
        promise_sudo.proposal_contact_id = contact_sudo
        self._log_on_cases(
            lambda promise: promise.env._(
                "Payment plan of %(amount)s proposed, valid until %(date)s.",
                amount=promise.currency_id.format(promise.amount),
                date=format_date(promise.env, promise.date_valid),
            )
        )

    def action_print_proposal(self):
        """Return the proposal as a PDF."""
        self.check_access("read")
        return self.env.ref(
            "collections_mgmt.action_report_plan_proposal"
        ).report_action(self)

    def _get_proposal_filename(self):
        self.ensure_one()
        plan = self.with_context(lang=self._get_lang())
        return plan.env._("Payment plan %(number)s.pdf", number=self.id)

    def _get_lang(self):
        """Return the language in which the debtor reads the plan."""
        self.ensure_one()
        return self.company_id._choose_collection_lang(
            self.promiser_id, self.partner_id
        )

    def _get_proposal_text(self):
        """Return the words of the proposal: those that are out, else of the draft."""
        self.ensure_one()
        return self.proposal_text or self._render_proposal()

    def _get_proposal_markup(self):
        """Return them for templates; what people wrote was escaped in rendering."""
        return Markup(self._get_proposal_text())

    def _render_proposal(self):
        """Return the words of the proposal as HTML, in the debtor's language."""
        self.ensure_one()
        # In sudo: what a debtor is offered does not depend on who looks at it.
        promise = self.sudo().with_context(lang=self._get_lang())
        return str(
            promise.env["ir.qweb"]._render(
                "collections_mgmt.plan_proposal",
                {
                    "plan": promise,
                    "company": promise.company_id,
                    "format_date": lambda day: format_date(promise.env, day),
                    "format_amount": promise.currency_id.format,
                },
                minimal_qcontext=True,
            )
        )

    def _withdraw_proposal(self):
        """Let the link of a proposal die whose plan is being changed."""
        out = self.filtered(lambda plan: plan.state == "draft" and plan.proposal_hash)
        if out:
            # In sudo: who may change the draft was checked before.
            out.sudo().write(dict.fromkeys(PROPOSAL_FIELDS, False))

    def write(self, vals):
        # EXTENDS: a proposal that is changed is none any more
        if vals.keys() & self._get_worded_fields():
            self._withdraw_proposal()
        return super().write(vals)

    def _get_worded_fields(self):
        """Return the names of the fields that the words of a proposal are made of."""
        return self._get_new_fields() - FREE_FIELDS

    @api.ondelete(at_uninstall=False)
    def _unlink_except_proposed(self):
        # In sudo: a message counts whoever may see it.
        messages = self.env["collection.contact"].sudo()
        if messages.search_count([("promise_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "A plan that was proposed stays on record. Cancel it instead."
                )
            )

    # ACCEPTING

    def _is_acceptable(self):
        """Return whether the debtor can still accept the proposal."""
        self.ensure_one()
        return bool(
            self.state == "draft"
            and self.proposal_hash
            and self.date_valid >= self._get_debtor_today()
        )

    def _get_debtor_today(self):
        self.ensure_one()
        return self.partner_id.with_company(self.company_id)._get_debtor_today()

    def _accept(self, name, ip_address, agent, login=None):
        """Bring the plan into force because the debtor accepted it; once.

        :param str name: who accepts, in the person's own words
        :param str ip_address: from where
        :param str agent: the browser
        :param str login: of who accepts, where they are logged in
        :return: whether it is in force; False when it cannot be any more
        """
        self.ensure_one()
        self._lock()
        if not self._is_acceptable():
            return self.state == "open"
        try:
            with self.env.cr.savepoint():
                self._confirm()
        except UserError as error:
            self._note_vain_acceptance(name, str(error))
            return False
        self.write(
            {
                "accepted_name": name,
                "accepted_date": fields.Datetime.now(),
                "accepted_ip": ip_address,
            }
        )
        self._note_acceptance(name, ip_address, agent, login)
        return True

    def _lock(self):
        """Wait for who accepts the same proposal, then keep others from it."""
        self.env.cr.execute(
            SQL("SELECT 1 FROM collection_promise WHERE id = %s FOR UPDATE", self.id)
        )
        self.invalidate_recordset()

    def _note_acceptance(self, name, ip_address, agent, login):
        """Keep who accepted which words, from where and when, as evidence."""
        self.proposal_contact_id._note_event(
            "accepted",
            facts={"promise": self.id, "text_sha256": self.proposal_hash},
            words={
                "name": name,
                "ip": ip_address,
                "agent": agent,
                "text": self.proposal_text,
                **({"login": login} if login else {}),
            },
        )
        self._log_on_cases(
            lambda plan: plan.env._(
                "%(name)s accepted the payment plan (%(ip)s, SHA-256 %(hash)s).",
                name=name,
                ip=ip_address,
                hash=plan.proposal_hash,
            )
        )

    def _note_vain_acceptance(self, name, reason):
        """Tell the collector that the debtor wanted the plan, and why it was late.

        The proposal is over: nobody says yes to it again and again.
        """
        self._withdraw_proposal()
        self.case_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("%(name)s wanted to accept the payment plan", name=name),
            note=reason,
            user_id=self.case_id._get_responsible().id,
        )


class CollectionPromiseDetail(models.AbstractModel):
    _inherit = "collection.promise.detail"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: a proposal that is changed is none any more
        details = super().create(vals_list)
        details.promise_id._withdraw_proposal()
        return details

    def write(self, vals):
        # EXTENDS: as for a new one
        if {"date", "amount", "item_id", "interest"} & vals.keys():
            self.promise_id._withdraw_proposal()
        return super().write(vals)

    def unlink(self):
        # EXTENDS: as for a new one
        self.promise_id._withdraw_proposal()
        return super().unlink()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _erase_conversation(self):
        # EXTENDS: what was said of promises, and who accepted a plan, goes with it
        self.promise_ids.write(
            {
                "note": False,
                "proposal_text": False,
                "accepted_name": False,
                "accepted_ip": False,
                "promiser_id": False,
            }
        )
        return super()._erase_conversation()
