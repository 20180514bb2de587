"""What promises, disputes and holds have in common: they are about items of one case.

Who works on the case records them. What was said then, and what the suite makes of it,
is edited by nobody.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from .client_context import without_defaults


class CollectionAgreement(models.AbstractModel):
    _name = "collection.agreement"
    _inherit = "collection.number.mixin"
    _description = "Promise, Dispute or Hold"

    case_id = fields.Many2one(
        "collection.case", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        related="case_id.partner_id", string="Debtor", store=True, index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True, index=True)
    agent_id = fields.Many2one(related="case_id.agent_id", string="Collector")
    contact_id = fields.Many2one(
        "collection.contact",
        string="In Answer To",
        index="btree_not_null",
        domain="[('case_id', '=', case_id)]",
        ondelete="restrict",
    )
    message_id = fields.Many2one(
        "mail.message",
        string="Message of the Debtor",
        index="btree_not_null",
        ondelete="set null",
    )
    message_preview = fields.Char(
        related="message_id.preview", string="What the Debtor Wrote"
    )

    # WHO MAY CHANGE WHAT

    def _get_new_fields(self):
        """Return the names of what people say when they record one."""
        return {"case_id", "contact_id", "message_id"}

    def _get_open_fields(self):
        """Return the names of what people may still change of this one."""
        raise NotImplementedError

    def _explain_closed(self, names):
        """Return why these fields cannot be edited, and what to do instead.

        :param str names: of the fields, for people
        """
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: only what people say is theirs to set
        new_fields = self._get_new_fields()
        if not self.env.su:
            for vals in vals_list:
                self._refuse_fields(vals.keys() - new_fields)
            self = without_defaults(self, self._fields.keys() - new_fields)
        agreements = super().create(vals_list)
        # Record rules let more people in than who works on the case.
        agreements.case_id.check_access("write")
        return agreements

    def write(self, vals):
        # EXTENDS: what was said stays as it was said
        if not self.env.su:
            for agreement in self:
                agreement._refuse_fields(vals.keys() - agreement._get_open_fields())
        return super().write(vals)

    def _refuse_fields(self, names):
        if names:
            labels = (
                self._fields[name]._description_string(self.env)
                for name in sorted(names)
                if name in self._fields
            )
            raise UserError(self._explain_closed(", ".join(labels)))

    @api.constrains("contact_id")
    def _check_contact(self):
        # In sudo: it must not tell anything about a contact of somebody else's case.
        for agreement in self.sudo():
            contact = agreement.contact_id
            if contact and contact.case_id != agreement.case_id:
                raise ValidationError(
                    self.env._(
                        "The contact belongs to another debtor: choose one of this "
                        "case."
                    )
                )

    @api.constrains("message_id")
    def _check_message(self):
        # In sudo: as for the contact.
        for agreement in self.sudo().filtered("message_id"):
            if not agreement.case_id._is_incoming(agreement.message_id):
                raise ValidationError(
                    self.env._(
                        "The message was not written by the debtor on this case: "
                        "choose one of this case."
                    )
                )

    def _check_day(self, day, items):
        """Refuse a day on which nobody can have said anything about these items.

        :param datetime.date day: on which the debtor spoke
        """
        # Of the whole world: people and jobs have clocks of their own.
        latest = (fields.Datetime.now() + timedelta(hours=14)).date()
        # In sudo: the ledger is no secret to who works on the case.
        earliest = min(items.sudo().move_line_id.mapped("date"), default=day)
        if not earliest <= day <= latest:
            raise ValidationError(
                self.env._(
                    "%(date)s is to come, or before the invoices: enter the day on "
                    "which the debtor said it.",
                    date=format_date(self.env, day),
                )
            )

    # ON RECORD

    def _get_by_lang(self):
        """Return these as sets, each in the language of its companies."""
        return [
            agreements.with_context(lang=lang)
            for lang, agreements in self.grouped(
                lambda agreement: agreement.company_id.partner_id.lang
            ).items()
        ]

    def _log_on_cases(self, get_text, message_type="notification"):
        """Log a sentence about each of these on its case, in the company's language.

        :param get_text: function that returns the sentence of one of them
        :param str message_type: TOLD_BY_COURSE for what the course of the case tells
            of the agreement itself
        """
        for agreements in self._get_by_lang():
            bodies = {}
            for agreement in agreements:
                earlier = bodies.get(agreement.case_id.id)
                text = get_text(agreement)
                bodies[agreement.case_id.id] = f"{earlier}\n{text}" if earlier else text
            agreements.case_id._collection_log_batch(bodies, message_type)

    def _schedule_tasks(self, activity_type_xmlid, date, get_text):
        """Give the collector one open task of a type per open case.

        :param datetime.date date: until when it is to be done
        :param get_text: function that returns the sentence of one of these
        """
        activity_type = self.env.ref(activity_type_xmlid)
        told = self.case_id.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )
        told_ids = set(told.mapped("res_id"))
        self.partner_id.mapped("display_name")  # each task would read its own
        self.case_id._create_tasks(
            [
                agreements[0]._prepare_task_values(activity_type, date, get_text)
                for case, agreements in self.grouped("case_id").items()
                if case.id not in told_ids and case.state == "open"
            ]
        )

    def _prepare_task_values(self, activity_type, date, get_text):
        self.ensure_one()
        responsible = self.case_id._get_responsible()
        lang = responsible.lang or self.company_id.partner_id.lang
        return {
            "res_id": self.case_id.id,
            "activity_type_id": activity_type.id,
            "summary": get_text(self.with_context(lang=lang)),  # the collector reads it
            "user_id": responsible.id,
            "date_deadline": date,
            "automated": True,
        }


class CollectionAgreementDetail(models.AbstractModel):
    """What belongs to a promise or a dispute, by the field ``_agreement``."""

    _name = "collection.agreement.detail"
    _inherit = "collection.number.mixin"
    _description = "Detail of a Promise or Dispute"
    _agreement = None

    def write(self, vals):
        # EXTENDS: a promise in force, or a closed dispute, gets and loses nothing
        if self._agreement in vals and not self.env.su:
            raise UserError(
                self.env._(
                    "What belongs to a promise or dispute is not moved to another one."
                )
            )
        return super().write(vals)
