"""The panel's second half: what came of the contact, and what follows from it."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize, format_datetime, plaintext2html

# Steps that open a form once the contact is saved.
OPENING_STEPS = (
    *("promise", "plan", "dispute", "announce", "hold", "stop"),
    "channel",
)


class CollectionContactLog(models.TransientModel):
    _inherit = "collection.contact.log"

    script = fields.Html(compute="_compute_script", sanitize=False)
    outcome_id = fields.Many2one(
        "collection.outcome", string="What Came of It", ondelete="cascade"
    )
    outcome = fields.Selection(
        compute="_compute_outcome", store=True, readonly=False, default=False
    )
    next_step = fields.Selection(related="outcome_id.next_step")
    opens_form = fields.Boolean(compute="_compute_opens_form")
    callback_at = fields.Datetime(string="Call Back At")
    new_phone = fields.Char(string="Right Number")
    new_email = fields.Char(string="Right E-mail")

    @api.depends("case_id")
    def _compute_script(self):
        for panel in self:
            panel.script = panel.case_id._get_call_script()

    @api.depends("outcome_id")
    def _compute_outcome(self):
        for panel in self:
            panel.outcome = panel.outcome_id.counts_as or panel.outcome or "talk"

    @api.depends("next_step")
    def _compute_opens_form(self):
        for panel in self:
            panel.opens_form = panel.next_step in OPENING_STEPS

    def action_save(self):
        # EXTENDS: what came of it has a next step of its own
        self.ensure_one()
        self.check_access("write")  # before anything of the panel is read in sudo
        self._check_next_step()
        action = super().action_save()
        contact_sudo = self.contact_id.sudo()  # contacts are the engine's own
        contact_sudo.outcome_id = self.outcome_id
        step = self.next_step or "none"
        return getattr(self, f"_follow_{step}")() or action

    def action_save_and_next(self):
        """Save, and open the next case of the worklist."""
        self.action_save()
        return self.case_id.action_next()

    def _get_summary(self):
        # OVERRIDE: in the words that the collector chose
        summary = super()._get_summary()
        if not self.outcome_id:
            return summary
        labels = dict(self._fields["channel"]._description_selection(self.env))
        parts = [labels[self.channel], self.outcome_id.name, self.note]
        return " · ".join(filter(None, parts))

    # WHAT FOLLOWS; a step of another module has a method of its own

    def _check_next_step(self):
        """Check what the step needs before anything is written."""
        if self.next_step == "callback":
            if not self.callback_at:
                raise UserError(self.env._("Say when the debtor is to be called back."))
            if self.callback_at < fields.Datetime.now():
                raise UserError(
                    self.env._("The debtor is called back at a time to come.")
                )
        if self.next_step == "correct":
            self._check_corrections()

    def _check_corrections(self):
        # In sudo: collectors need not see users.
        users_sudo = self.partner_id.sudo().with_context(active_test=False).user_ids
        if self.new_email and users_sudo:
            raise UserError(
                self.env._(
                    "%(debtor)s logs in with an e-mail address: whoever changed it "
                    "could log in instead. Leave it empty here, and ask the debtor to "
                    "change it under My Account, or an administrator.",
                    debtor=self.partner_id.display_name,
                )
            )
        if self.new_email and not email_normalize(self.new_email):
            raise ValidationError(
                self.env._(
                    "“%(address)s” is no e-mail address: correct it or leave it empty.",
                    address=self.new_email,
                )
            )
        if self.new_phone and not self.partner_id._phone_format(number=self.new_phone):
            raise ValidationError(
                self.env._(
                    "“%(number)s” is no phone number of the debtor's country: correct "
                    "it, or begin with + and the country code.",
                    number=self.new_phone,
                )
            )

    def _follow_none(self):
        return None

    def _follow_promise(self):
        """Open the form of the promise, which names this contact as its record."""
        return self.case_id._get_register_action(
            self.env["collection.item"], default_contact_id=self.contact_id.id
        )

    def _follow_plan(self):
        """Open the form of the payment plan, which names this contact as its record."""
        return self.case_id._get_plan_action(
            self.env["collection.item"], default_contact_id=self.contact_id.id
        )

    def _follow_hold(self):
        """Open the form of the hold, which names this contact as its record."""
        return self.case_id._get_hold_action(
            self.case_id.open_item_ids, default_contact_id=self.contact_id.id
        )

    def _follow_stop(self):
        """Open the form of a stop, with what was said."""
        return self.case_id._get_stop_action(default_note=self.note)

    def _follow_dispute(self):
        """Open the form of the dispute, which names this contact as its record."""
        return self.case_id._get_dispute_action(
            self.case_id.open_item_ids, default_contact_id=self.contact_id.id
        )

    def _follow_announce(self):
        """Open the form of the announced payment, which names this contact."""
        return self.case_id._get_announcement_action(
            self.case_id.open_item_ids, default_contact_id=self.contact_id.id
        )

    def _follow_channel(self):
        return self.case_id.action_write_message()

    def _follow_callback(self):
        """Plan the call, and let the case rest until its day."""
        case = self.case_id
        day = fields.Datetime.context_timestamp(self, self.callback_at).date()
        case.activity_schedule(
            "collections_mgmt.mail_activity_type_call",
            day,
            summary=self.env._(
                "Call back at %(moment)s",
                moment=format_datetime(self.env, self.callback_at),
            ),
            note=plaintext2html(self.note) if self.note else False,
            user_id=self.env.uid,
        )
        if day > fields.Date.context_today(self):
            case.snooze_until = day

    def _follow_correct(self):
        """Write the right number or address; without one, somebody looks for it."""
        changes = {
            name: value
            for name, value in (("phone", self.new_phone), ("email", self.new_email))
            if value
        }
        case = self.case_id
        if not changes:
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Find out how to reach the debtor"),
                user_id=self.env.uid,
            )
            return
        # In sudo: collectors correct how a debtor is reached, nothing else of it.
        partner_sudo = self.partner_id.sudo()
        before = {name: partner_sudo[name] or "–" for name in changes}
        partner_sudo.write(changes)
        case.message_post(
            body=self.env._(
                "Corrected: %(changes)s",
                changes=", ".join(
                    f"{before[name]} → {value}" for name, value in changes.items()
                ),
            ),
            subtype_xmlid="mail.mt_note",
        )
