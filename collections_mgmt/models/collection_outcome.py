"""What may come of a call or visit, as the collector chooses it."""

from odoo import fields, models

from ..const import CONTACT_OUTCOMES


class CollectionOutcome(models.Model):
    _name = "collection.outcome"
    _description = "Outcome of a Contact"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    counts_as = fields.Selection(
        CONTACT_OUTCOMES,
        required=True,
        default="talk",
        help="What contact rules count it as.",
    )
    next_step = fields.Selection(
        [
            ("none", "Nothing more"),
            ("promise", "Register the promise"),
            ("plan", "Propose a payment plan"),
            ("hold", "Put items on hold"),
            ("stop", "Stop contacting the debtor"),
            ("dispute", "Register the dispute"),
            ("announce", "Record the announced payment"),
            ("callback", "Call back at a time"),
            ("correct", "Correct the phone number or e-mail"),
            ("channel", "Write to the debtor instead"),
            ("activity", "Plan a task"),
        ],
        required=True,
        default="none",
        help="What the panel asks for, or opens, once the contact is saved.",
    )


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    outcome_id = fields.Many2one(
        "collection.outcome",
        string="Outcome in Detail",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
