"""Stops: nobody contacts a person meanwhile."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What each stops. The law's own names stand in docs/user_guide.md.
HOLD_KINDS = [
    ("cease", "Asked not to be contacted"),
    ("lawyer", "Represented by a lawyer"),
    ("deceased", "Deceased"),
    ("insolvent", "Insolvency proceedings"),
    ("breathing_space", "Breathing space"),
    ("minor", "Minor or under guardianship"),
    ("other", "Other reason"),
]

# The stop of our own choice; all others are rights of the debtor, or the law's.
OWN_KIND = "other"


class CollectionHold(models.Model):
    _name = "collection.hold"
    _inherit = "collection.root.mixin"
    _description = "Stop on Contacting a Debtor"
    _rec_name = "kind"
    _order = "date_from desc, id desc"

    partner_id = fields.Many2one(
        "res.partner",
        string="Debtor",
        required=True,
        index=True,
        domain="[('commercial_partner_id', '=', id)]",
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
        help="With all its branches. Empty: for every company.",
    )
    kind = fields.Selection(HOLD_KINDS, required=True, default="cease")
    channel_ids = fields.Many2many(
        "collection.channel",
        string="Only These Channels",
        help="Empty: nobody may contact the debtor in any way.",
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_to = fields.Date(
        string="Until",
        help="The last day. Empty: until somebody ends it; for another reason than the "
        "debtor's rights only managers leave it so.",
    )
    note = fields.Text(help="Who said so, and what proves it.")

    # How it ended before its day; by the button alone
    end_reason = fields.Char(string="Ended Because", readonly=True, copy=False)
    end_user_id = fields.Many2one(
        "res.users", string="Ended By", readonly=True, copy=False
    )
    end_date = fields.Date(string="Ended On", readonly=True, copy=False)
    is_over = fields.Boolean(compute="_compute_is_over")
    is_fixed = fields.Boolean(
        compute="_compute_is_over", help="It has begun, so what it says stays."
    )

    @api.depends("date_from", "date_to")
    def _compute_is_over(self):
        today = fields.Date.context_today(self)
        for hold in self:
            hold.is_over = hold.date_to and hold.date_to < today
            hold.is_fixed = hold._origin and hold._origin.date_from <= today

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what is stopped or let go is decided anew
        holds = super().create(vals_list)
        holds._follow_up(holds.partner_id)
        return holds

    def write(self, vals):
        # EXTENDS: as for a new one, also for who was stopped by mistake
        partners = self.partner_id
        result = super().write(vals)
        self._follow_up(self.partner_id | partners)
        return result

    def unlink(self):
        # EXTENDS: as for a new one
        partners = self.partner_id
        result = super().unlink()
        self._follow_up(partners)
        return result

    def _follow_up(self, partners):
        """What is stopped or let go is asked anew and ranks anew."""
        self.env["collection.contact"]._forget_blocks(partners)
        # In sudo: whoever enters a stop need not see the debtor's cases.
        debtors_sudo = partners.sudo().commercial_partner_id
        self.env["collection.engine"].sudo()._note_ranking(
            debtors_sudo.collection_case_ids.filtered(lambda case: case.state == "open")
        )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for hold in self:
            if hold.date_to and hold.date_to < hold.date_from:
                raise ValidationError(
                    self.env._("A stop cannot end before it begins: correct its dates.")
                )
