"""Contacts that people make: asked for, reserved meanwhile, written down after."""

from datetime import datetime, timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, plaintext2html

from ..tools.consents import simplify_address
from .collection_contact_target import DIALLED_CHANNELS
from .collection_gate import Ask

# By which channels people contact debtors.
MANUAL_CHANNELS = [
    ("call", "Phone call"),
    ("work_call", "Phone call at work"),
    ("visit", "Visit"),
    ("im", "WhatsApp or other chat"),
    ("letter", "Letter"),
    ("email", "E-mail"),
]

# How long a contact that a person was allowed to make keeps its place.
RESERVATION_MINUTES = 15

# Why a person may contact a debtor though a law's rule says no.
EXEMPTIONS = [
    ("asked", "The debtor asked to be contacted now"),
    ("answer", "Answer to the debtor's question"),
    ("court", "Notice of a court or required by law"),
]


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    override_reason = fields.Char(
        readonly=True, help="Why a person went on though the rules said no."
    )
    exemption = fields.Selection(
        EXEMPTIONS, readonly=True, help="On what ground a law's rule did not apply."
    )
    is_incident = fields.Boolean(
        string="Broke a Rule",
        readonly=True,
        help="It was made although contact rules did not allow it at that moment.",
    )

    _reserved = models.Index("(date_sent) WHERE state = 'reserved'")

    @api.model
    def _ask_by_hand(self, case, channel, moment=None, target=None, own_ids=()):
        """Return what the gate says of a contact that a person wants to make.

        :param Target target: whom it goes to; the debtor's own where not given
        :param own_ids: ids of the contact itself, where it has its place already
        :return: verdict data as kept on contacts
        """
        answers = self._ask_channels_by_hand(
            case, [channel], moment, {channel: target}, own_ids
        )
        [data] = answers.values()
        self.env["collection.gate"]._note_used_rules([data])
        return data

    @api.model
    def _ask_channels_by_hand(
        self, case, channels, moment=None, targets=None, own_ids=()
    ):
        """Ask once about several channels, of which the person takes one at most.

        The case stays locked until the transaction ends, so that nobody else takes
        what is left of its budget.

        :param dict targets: {channel: Target}; where a channel is missing, the
            debtor's own
        :param own_ids: as in ``_ask_by_hand``
        :return: {channel: verdict data as kept on contacts}
        """
        case._lock_for_gate()
        return self._judge_channels_by_hand(case, channels, moment, targets, own_ids)

    @api.model
    def _judge_channels_by_hand(
        self, case, channels, moment=None, targets=None, own_ids=()
    ):
        """As ``_ask_channels_by_hand``, for who only wants to know."""
        moment = moment or datetime.now(timezone.utc).replace(microsecond=0)
        targets = targets or {}
        items = case._get_asked_items()  # the same by whatever channel
        asks = [
            self._prepare_ask_by_hand(
                case,
                channel,
                targets.get(channel) or case._get_target(channel, items=items),
            )
            for channel in channels
        ]
        gate = self.env["collection.gate"]
        answers = gate._judge_apart(case.company_id, asks, moment, own_ids)
        return {
            ask.channel: gate._prepare_verdict_data(ask, verdict, facts, moment)
            for ask, (verdict, facts) in zip(asks, answers, strict=True)
        }

    def _prepare_ask_by_hand(self, case, channel, target):
        """Return the Ask of what a person wants to do."""
        addresses, recipients, items = target
        return Ask(
            partner_id=case.partner_id.id,
            channel=channel,
            recipient_ids=frozenset(recipients.ids),
            debt_ids=frozenset(items.move_id.ids),
            addresses=frozenset(map(simplify_address, addresses)),
            numbers=frozenset(addresses if channel in DIALLED_CHANNELS else ()),
        )

    @api.model
    def _get_manual_channels(self):
        """Return the codes of the channels by which people contact debtors."""
        return [channel for channel, _label in MANUAL_CHANNELS]

    @api.model
    def _find_open_channels(self, case):
        """Return the codes of the channels by which the debtor can be contacted now."""
        answers = self._judge_channels_by_hand(case, self._get_manual_channels())
        return self._filter_open(answers)

    @api.model
    def _filter_open(self, answers):
        """Return the channels that are allowed, of ``_judge_channels_by_hand``."""
        return [
            channel for channel, data in answers.items() if data["result"] == "allow"
        ]

    @api.model
    def _name_channels(self, channels):
        """Return channels in words, by commas."""
        labels = dict(self._fields["channel"]._description_selection(self.env))
        return ", ".join(labels.get(channel, channel) for channel in channels)

    @api.model
    def _reserve_by_hand(self, case, channel, verdict_data, **values):
        """Keep a place in the debtor's budget for a contact that is being made.

        It is free again after some minutes, unless the contact is written down.
        """
        case._reserve()
        # In sudo: contacts are the engine's own; who may ask was checked before.
        return self.sudo().create(
            {
                **self._prepare_manual_values(case, channel, verdict_data),
                "state": "reserved",
                "date_sent": fields.Datetime.now(),
                **values,
            }
        )

    def _prepare_manual_values(self, case, channel, verdict_data):
        return {
            "case_id": case.id,
            "partner_id": case.partner_id.id,
            "company_id": case.company_id.id,
            "channel": channel,
            "user_id": self.env.uid,
            "date_planned": fields.Date.context_today(self),
            **self._prepare_verdict_values(verdict_data),
        }

    def _overrules(self, verdict_data):
        """Return whether it was decided to go on over all that a verdict objects to."""
        self.ensure_one()
        objections, known = (
            {(reason.get("rule_id"), reason["code"]) for reason in data["reasons"]}
            for data in (verdict_data, self.verdict_data)
        )
        return bool(self.override_reason) and objections <= known

    def _explain(self, verdict_data):
        """Return why a contact is not allowed, for the person who wants to make it.

        With the channels that are open meanwhile, where the data name some.
        """
        reasons = [self.env["collection.gate"]._describe(verdict_data)]
        if channels := verdict_data.get("open_channels"):
            reasons.append(
                self.env._(
                    "Possible now: %(channels)s.",
                    channels=self._name_channels(channels),
                )
            )
        return self.env._(
            "The debtor cannot be contacted this way now.\n%(reasons)s\nWrite a note "
            "instead, or use the button “Call” of the case to see what is possible.",
            reasons="\n".join(reasons),
        )

    def _write_down(self, outcome, note, moment=None):
        """Note what came of a contact that a person made."""
        self.ensure_one()
        moment = moment or fields.Datetime.now()
        # The day on the clock of who made it, as lists and filters count days.
        day = fields.Datetime.context_timestamp(self, moment).date()
        self.write(
            {
                "state": "sent",
                "outcome": outcome,
                "reason": False,  # the place may have been let go meanwhile
                "body": note,
                "date_sent": moment,
                "date_done": day,
            }
        )
        if self._counts_as_contact():
            self.case_id.date_last_contact = max(
                self.case_id.date_last_contact or day, day
            )

    def _let_go(self):
        """Give up the places that were kept for contacts that nobody makes."""
        self.filtered(lambda contact: contact.state == "reserved").write(
            {"state": "dropped", "reason": self.env._("The contact was not made.")}
        )

    def _note_incident(self):
        """Tell those responsible that a contact rule was broken."""
        self.is_incident = True
        self.case_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("A contact broke a rule"),
            note=plaintext2html(self.verdict_text),
            user_id=self._get_responsible_manager().id,
        )

    def _get_responsible_manager(self):
        """Return who answers for how debtors are contacted, else the user."""
        self.ensure_one()
        if chosen := self.company_id.collection_compliance_user_id:
            return chosen
        group = self.env.ref("collections_mgmt.group_collection_manager")
        responsible = group.all_user_ids.filtered(
            lambda user: not user.share and self.company_id in user.company_ids
        )[:1]
        return responsible or self.env.user

    @api.autovacuum
    def _gc_expired_reservations(self):
        """Let reservations go that nobody wrote down: no contact was made."""
        limit = fields.Datetime.now() - timedelta(minutes=RESERVATION_MINUTES)
        self.search([("state", "=", "reserved"), ("date_sent", "<", limit)]).write(
            {"state": "dropped", "reason": self.env._("Nobody wrote it down.")}
        )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _lock_for_gate(self):
        """Wait for who works on the case, then keep others from it."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """
                SELECT 1 FROM collection_case WHERE id IN %s
                 ORDER BY id FOR NO KEY UPDATE
                """,
                tuple(self._get_cases_of_budget().ids),
            )
        )

    def _check_may_contact(self):
        if not self.env.user.has_group("collections_mgmt.group_collection_collector"):
            raise AccessError(self.env._("Only collectors contact debtors."))
        self.check_access("write")
        if self.state != "open":
            raise UserError(self.env._("The case is closed: nothing is owed any more."))

    def action_call(self):
        """Ask the gate for a call; open the panel with its answer."""
        self.ensure_one()
        self._check_may_contact()
        return self._open_contact_panel("call")

    def action_log_contact(self):
        """Open the panel to write down a contact that was made already."""
        self.ensure_one()
        self._check_may_contact()
        return self._open_contact_panel("call", is_past=True)

    def _open_contact_panel(self, channel, is_past=False):
        self._let_own_places_go()
        panel = self.env["collection.contact.log"].create(
            {"case_id": self.id, "channel": channel, "is_past": is_past}
        )
        if not is_past:
            panel._ask()
        return panel._get_action()

    def _let_own_places_go(self):
        """Free what the user's earlier panels of the case keep: they were just closed.

        Otherwise a place that nobody uses would speak against the same user's call.
        """
        # In sudo: contacts are the engine's own; the user's panels made these.
        panels_sudo = (
            self.env["collection.contact.log"]
            .sudo()
            .search(
                Domain("case_id", "=", self.id)
                & Domain("create_uid", "=", self.env.uid)
            )
        )
        panels_sudo.contact_id._let_go()
