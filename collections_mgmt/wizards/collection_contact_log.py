"""The panel of a contact that a person makes: the gate's answer, then the outcome."""

from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import plaintext2html

from ..const import CONTACT_OUTCOMES
from ..models.client_context import without_defaults
from ..models.collection_contact_manual import EXEMPTIONS, MANUAL_CHANNELS

# Over whose rules a manager may go on.
OVERRIDABLE_SEVERITIES = frozenset({"policy", "law"})

# What the gate writes, and what the panel was opened for: closed to everybody else.
GATE_FIELDS = frozenset({"verdict", "verdict_data", "open_channels", "contact_id"})
FIXED_FIELDS = GATE_FIELDS | {"case_id", "is_past"}


class CollectionContactLog(models.TransientModel):
    _name = "collection.contact.log"
    _inherit = ["collection.verdict"]
    _description = "Contact a Debtor"

    case_id = fields.Many2one("collection.case", required=True, readonly=True)
    # Not in sudo: whoever may not see a case shall not see its debtor here.
    partner_id = fields.Many2one(related="case_id.partner_id", related_sudo=False)
    channel = fields.Selection(MANUAL_CHANNELS, required=True, default="call")
    is_past = fields.Boolean(
        readonly=True, help="The contact was made already, and nobody asked before."
    )
    moment = fields.Datetime(string="When", required=True, default=fields.Datetime.now)
    open_channels = fields.Json(
        readonly=True, help="By which channels the debtor may be contacted now."
    )
    alternatives = fields.Char(
        compute="_compute_alternatives",
        help="By which other channel the debtor may be contacted now.",
    )
    contact_id = fields.Many2one("collection.contact", readonly=True)
    may_override = fields.Boolean(compute="_compute_may_override")
    needs_exemption = fields.Boolean(compute="_compute_may_override")
    override_reason = fields.Char(string="Reason")
    exemption = fields.Selection(EXEMPTIONS)
    outcome = fields.Selection(CONTACT_OUTCOMES, default="talk")
    note = fields.Text()

    @api.depends("open_channels", "verdict")
    @api.depends_context("lang")
    def _compute_alternatives(self):
        Contact = self.env["collection.contact"]
        for panel in self:
            names = Contact._name_channels(panel.open_channels or ())
            panel.alternatives = panel.verdict != "allow" and names

    @api.depends("verdict_data")
    @api.depends_context("uid")
    def _compute_may_override(self):
        manager_group = "collections_mgmt.group_collection_manager"
        is_manager = self.env.user.has_group(manager_group)
        gate = self.env["collection.gate"]
        for panel in self:
            data = panel.verdict_data or {"reasons": []}
            reasons = data["reasons"]
            panel.needs_exemption = any(
                reason.get("severity") == "law" for reason in reasons
            )
            panel.may_override = (
                is_manager
                and bool(reasons)
                and gate._is_against_rules_alone(data, OVERRIDABLE_SEVERITIES)
            )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: as for a change
        for vals in vals_list:
            self._check_may_set(GATE_FIELDS.intersection(vals))
        if not self.env.su:
            self = without_defaults(self, GATE_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS: what the gate said and kept is nobody's to change
        self._check_may_set(FIXED_FIELDS.intersection(vals))
        return super().write(vals)

    def _check_may_set(self, names):
        if names and not self.env.su:
            raise AccessError(
                self.env._(
                    "What the contact rules said cannot be edited: ask again instead."
                )
            )

    # ASKING

    def _ask(self):
        """Ask the gate for now; keep a place if it allows the contact."""
        self.ensure_one()
        Contact = self.env["collection.contact"]
        answers = Contact._ask_channels_by_hand(
            self.case_id,
            Contact._get_manual_channels(),
            targets=self._get_targets(),
        )
        data = answers[self.channel]
        open_channels = Contact._filter_open(answers)
        if data["result"] != "allow":
            data["open_channels"] = open_channels
        self.env["collection.gate"]._note_used_rules([data])
        self.case_id._note_quiet(answers)
        panel_sudo = self.sudo()  # people do not edit what the gate says
        panel_sudo.write(
            {
                "verdict": data["result"],
                "verdict_data": data,
                "open_channels": open_channels,
            }
        )
        if data["result"] == "allow":
            panel_sudo.contact_id = Contact._reserve_by_hand(
                self.case_id, self.channel, data, **self._prepare_reservation_values()
            )
        else:
            Contact._note_refusal(self.case_id, self.channel, data)

    def _get_targets(self):
        """Return {channel: Target}, where not the debtor's own would be used."""
        return {}

    def _prepare_reservation_values(self):
        """Return what is known of the contact before it is made."""
        return self.case_id._get_place_values(self.channel)

    def action_ask(self):
        """Ask again, for the channel chosen."""
        self.ensure_one()
        self.case_id._check_may_contact()
        self._give_back()
        self._ask()
        return self._get_action()

    def action_override(self):
        """Go on though a company's rule says no; a law's needs an exemption."""
        self.action_ask()  # a stop may have come since the panel was opened
        if self.verdict == "allow":
            return self._get_action()
        if not self.may_override:
            raise AccessError(
                self.env._("Only managers go on, and over rules only, not over stops.")
            )
        if not self.override_reason:
            raise UserError(self.env._("Say why the contact is made all the same."))
        if self.needs_exemption and not self.exemption:
            raise UserError(
                self.env._("A law's rule speaks against it: choose the exemption.")
            )
        self.sudo().contact_id = self.env["collection.contact"]._reserve_by_hand(
            self.case_id,
            self.channel,
            self.verdict_data,
            **self._prepare_reservation_values(),
            override_reason=self.override_reason,
            exemption=self.exemption,
        )
        return self._get_action()

    def _give_back(self):
        """Let a place go that was kept for a contact nobody makes."""
        # In sudo: contacts are the engine's own; the panel made this one.
        self.contact_id.sudo()._let_go()
        self.sudo().contact_id = False

    def action_cancel(self):
        self.ensure_one()
        self.case_id._check_may_contact()
        self._give_back()
        return {"type": "ir.actions.act_window_close"}

    # WRITING DOWN

    def action_save(self):
        """Write the contact down; one that broke a rule is an incident."""
        self.ensure_one()
        self.case_id._check_may_contact()
        contact = self.contact_id.sudo()  # see _reserve_by_hand
        if contact.state == "sent":
            raise UserError(self.env._("The contact was saved already."))
        if self.is_past:
            contact = self._create_past_contact()
        if not contact:
            raise UserError(
                self.env._("The contact is not allowed now, so there is none to save.")
            )
        overrules = self._renew_verdict(contact)
        contact._write_down(
            self.outcome,
            plaintext2html(self.note) if self.note else False,
            contact.date_sent if not self.is_past else self.moment,
        )
        if contact.verdict != "allow" and not overrules:
            contact._note_incident()
        self.case_id.message_post(
            body=self._get_summary(), subtype_xmlid="mail.mt_note"
        )
        return {"type": "ir.actions.act_window_close"}

    def _renew_verdict(self, contact_sudo):
        """Bring the verdict in line with the contact as it was made.

        :return: whether a person had decided to go on over what it objects to
        """
        return bool(contact_sudo.override_reason)

    def _create_past_contact(self):
        if self.moment > fields.Datetime.now():
            raise ValidationError(
                self.env._("The contact was made already: its moment is in the past.")
            )
        Contact = self.env["collection.contact"]
        data = Contact._ask_by_hand(
            self.case_id,
            self.channel,
            self.moment.replace(tzinfo=timezone.utc),
            self._get_targets().get(self.channel),
        )
        contact = Contact._reserve_by_hand(
            self.case_id, self.channel, data, **self._prepare_reservation_values()
        )
        self.sudo().contact_id = contact
        return contact

    def _get_summary(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        parts = [labels[self.channel], outcomes.get(self.outcome), self.note]
        return " · ".join(filter(None, parts))

    def _get_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.case_id.partner_id.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
