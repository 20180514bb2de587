from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..tools.consents import Answer, simplify_address


class CollectionConsent(models.Model):
    _name = "collection.consent"
    _inherit = "collection.root.mixin"
    _description = "What a Debtor Allowed or Refused"
    _order = "date desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Debtor", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
    )
    channel_id = fields.Many2one("collection.channel", required=True)
    state = fields.Selection(
        [("granted", "Granted"), ("refused", "Refused")],
        string="Answer",
        required=True,
        default="granted",
    )
    address = fields.Char(
        help="The number or address it is about. Empty: every one of this channel."
    )
    address_key = fields.Char(compute="_compute_address_key", store=True)
    purpose = fields.Selection(
        [
            ("all", "Everything about the debt"),
            ("reminder", "Reminders before the due date"),
            ("dunning", "Messages from the due date on"),
        ],
        required=True,
        default="all",
    )
    date = fields.Datetime(
        required=True,
        default=fields.Datetime.now,
        help="The last answer counts. A refusal for one address or purpose is taken "
        "back only by a grant for the same.",
    )
    source = fields.Selection(
        [
            ("contract", "Contract"),
            ("call", "Phone call"),
            ("message", "Message or letter"),
            ("link", "Link in an e-mail"),
            ("portal", "Portal"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    proof = fields.Text(help="The words, or where the document is kept.")

    @api.depends("address", "partner_id.country_id")
    def _compute_address_key(self):
        for consent in self:
            text = (consent.address or "").strip()
            if text and "@" not in text:
                text = consent.partner_id._phone_format(number=text) or text
            consent.address_key = simplify_address(text)

    @api.constrains("date")
    def _check_date(self):
        """Check that no answer is of a later day: it would outlive the next one."""
        if any(consent.date > fields.Datetime.now() for consent in self):
            raise ValidationError(
                self.env._("The debtor has answered already: the date is in the past.")
            )

    @api.model
    def _get_answers(self, company, partners):
        """Return {id of a debtor: list of tools.consents.Answer, the oldest first}.

        :param list partners: ids of commercial entities
        """
        # In sudo: what a debtor refused holds for whoever asks.
        consents_sudo = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                Domain("partner_id.commercial_partner_id", "in", partners)
                & Domain("company_id", "=", company.id),
                order="date, id",
            )
        )
        answers = {}
        for consent in consents_sudo:
            debtor = consent.partner_id.commercial_partner_id
            answers.setdefault(debtor.id, []).append(consent._prepare_answer())
        return answers

    def _prepare_answer(self):
        self.ensure_one()
        return Answer(
            channel=self.channel_id.code,
            channels=self.channel_id._get_codes(),
            is_granted=self.state == "granted",
            address=self.address_key or "",
            purpose="" if self.purpose == "all" else self.purpose,
        )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what was not allowed may be now
        consents = super().create(vals_list)
        self.env["collection.contact"]._forget_blocks(consents.partner_id)
        return consents
