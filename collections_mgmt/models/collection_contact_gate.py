"""The gate's answer to each contact: it leaves now, at a lawful moment, or not."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.mail import email_normalize_all

from ..const import BLOCKED_RETRY_DAYS, SPREAD_SECONDS
from ..tools.consents import simplify_address
from .collection_gate import Ask

# By what the time over which messages are spread is divided where it is too long.
SPREAD_PARTS = (1, 2, 4, 8)

# The channels of contacts under the names that rules know them by.
GATE_CHANNELS = {"task": "call"}


class CollectionContact(models.Model):
    _name = "collection.contact"
    _inherit = ["collection.contact", "collection.verdict"]

    slot = fields.Datetime(
        string="Not Before",
        readonly=True,
        help="The next moment at which the contact rules allow it.",
    )
    retry_date = fields.Date(
        string="Asked Again on",
        readonly=True,
        help="From this day on a run tries again what was not allowed.",
    )

    _slots = models.Index("(slot) WHERE state = 'planned' AND slot IS NOT NULL")

    # ASKING

    def _pass_gate(self):
        """Ask the gate; put off what must wait, and stop what is not allowed.

        :return: the contacts that may leave now, in their order
        """
        allowed = self.browse()
        for company, contacts in self.grouped("company_id").items():
            allowed |= contacts._pass_gate_of(company)
        return self & allowed  # in their order

    def _pass_gate_of(self, company):
        allowed = self.browse()
        gate = self.env["collection.gate"]
        moment = datetime.now(timezone.utc).replace(microsecond=0)
        kept = []
        # Not one by one, below.
        self.case_id.fetch(["state", "decision", "rank_score"])
        answers = self._ask_gate(company, moment)
        waiting = self.browse(
            contact.id
            for contact, _ask, verdict, _facts in answers
            if verdict.result == "defer"
        )
        shares = waiting._get_spread_shares()
        for contact, ask, verdict, facts in answers:
            data = gate._prepare_verdict_data(ask, verdict, facts, moment)
            kept.append(data)
            contact.write(self._prepare_verdict_values(data))
            share = shares.get(contact.id, 0)
            if contact._takes_verdict(ask, verdict, facts, share):
                allowed |= contact
        self._call_back_deliveries(moment.replace(tzinfo=None))
        allowed.case_id._reserve()
        gate._note_used_rules(kept)
        return allowed

    def _ask_gate(self, company, moment):
        """Return the gate's answers as tuples of contact, ask, verdict and facts."""
        # Tasks last: they are no contact yet and take nobody's budget.
        contacts = self._sort_by_priority().sorted(
            lambda contact: contact.channel == "task"
        )
        asks = [contact._prepare_ask() for contact in contacts]
        answers = self.env["collection.gate"]._judge(company, asks, moment, self.ids)
        return [
            (contact, ask, verdict, facts)
            for contact, ask, (verdict, facts) in zip(
                contacts, asks, answers, strict=True
            )
        ]

    def _foresee_gate(self, company, moment):
        """Return what would become of planned contacts at a moment; nothing is kept.

        :return: list of dicts: "contact_id", "outcome" (of ``_get_outcome``),
            "verdict", "verdict_data" where the verdict is no, "reason" where the gate
            is not all that keeps it from leaving
        """
        return [
            contact._prepare_foresight(ask, verdict, facts, moment)
            for contact, ask, verdict, facts in self._ask_gate(company, moment)
        ]

    def _prepare_foresight(self, ask, verdict, facts, moment):
        self.ensure_one()
        values = {
            "contact_id": self.id,
            "outcome": self._get_outcome(verdict, facts),
            "verdict": verdict.result,
        }
        if verdict.result != "allow":
            gate = self.env["collection.gate"]
            data = gate._prepare_verdict_data(ask, verdict, facts, moment)
            values["verdict_data"] = {**data, "spoken": []}  # thousands of them
        if values["outcome"] == "send" and self.content_rule_ids:
            if gaps := self._get_wording_gaps():
                values |= {"outcome": "blocked", "reason": "\n".join(gaps)}
        elif values["outcome"] == "dropped":
            values["reason"] = self._get_late_sentence()
        return values

    def _prepare_verdict_values(self, data):
        """Return the values that keep a verdict, and whose clock it looked at.

        :param dict data: of ``_prepare_verdict_data``
        """
        return {
            "verdict": data["result"],
            "verdict_data": data,
            "zone": data["zones"][0] if data["zones"] else False,
            "zone_basis": data["zone_basis"],
        }

    def _prepare_ask(self):
        self.ensure_one()
        return Ask(
            partner_id=self.partner_id.id,
            channel=GATE_CHANNELS.get(self.channel, self.channel),
            recipient_ids=frozenset(self._get_recipients().ids),
            stage_kind=self._get_stage_kind(),
            debt_ids=frozenset(self.line_ids.item_id.move_id.ids),
            notice=self.stage_id.notice or "",
            has_costs=self.stage_id.has_costs,
            addresses=frozenset(map(simplify_address, self._get_asked_addresses())),
        )

    def _get_stage_kind(self):
        """Return of what kind it is to rules and answers: of Ask.stage_kind.

        Thanks for a payment are of no stage: rules about stages are not about them.
        """
        self.ensure_one()
        if self._is_thanks():
            return "thanks"
        return "reminder" if self.stage_id.days < 0 else "dunning"

    def _get_asked_addresses(self):
        """Return the addresses it goes to, none where nobody knows yet."""
        self.ensure_one()
        if self.channel == "email":
            return email_normalize_all(self.address_partner_id.email or "")
        address = self._get_current_address()
        return [address] if address else []

    @api.model
    def _get_event_kind_sql(self, contact, stage):
        """Return as what rules count a contact that was made, in SQL.

        Everything counts. Rules on dunning alone do not count what only reminds before
        a date, nor thanks for a payment, which ask for nothing.

        :param str contact: the alias of collection_contact
        :param str stage: the alias of the stage that it belongs to, if any
        """
        return SQL(
            """
            CASE WHEN %(is_thanks)s THEN 'thanks'
                 WHEN %(days)s < 0 OR %(message)s = 'reminder' THEN 'reminder'
                 ELSE 'dunning' END
            """,
            is_thanks=self._get_thanks_sql(contact),
            days=SQL.identifier(stage, "days"),
            message=SQL.identifier(contact, "promise_message"),
        )

    # WHAT COMES FIRST

    def _sort_by_priority(self):
        """Return the contacts, the latest stage first, then by rank of their cases."""
        return self.sorted(
            lambda contact: (
                -contact.stage_id.days,
                -contact.case_id.rank_score,
                contact.id,
            )
        )

    @api.model
    def _get_priority_sql(self):
        """Return the same as ORDER BY, over ``contact``, ``cases`` and ``stage``."""
        return SQL(
            "COALESCE(stage.days, 0) DESC, COALESCE(cases.rank_score, 0) DESC,"
            " contact.id"
        )

    def _get_spread_shares(self):
        """Return {contact id: its place among those of its run, from 0 to 1}.

        The place does not change while the run is delivered, batch by batch.
        """
        runs = self.run_id
        if not runs:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT contact.id, PERCENT_RANK() OVER (
                               PARTITION BY contact.run_id ORDER BY %(priority)s
                           )
                      FROM collection_contact contact
                      JOIN collection_case cases ON cases.id = contact.case_id
                 LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
                     WHERE contact.run_id = ANY(%(runs)s)
                    """,
                    priority=self._get_priority_sql(),
                    runs=runs.ids,
                )
            )
        )

    def _takes_verdict(self, ask, verdict, facts, share):
        """Do as the gate says; return whether the contact may go on now.

        :param float share: how late it may leave among those that wait as well, 0 to 1
        """
        self.ensure_one()
        outcome = self._get_outcome(verdict, facts)
        slot = verdict.next_slot
        if outcome == "send":
            if verdict.result != "allow":
                self.slot = slot.replace(tzinfo=None)
            return True
        if outcome == "blocked":
            self._set_blocked(slot)
        elif outcome == "dropped":
            self._set_dropped(self._get_late_sentence())
        else:
            self._put_off(self._spread(ask, verdict, facts, share))
        return False

    def _get_outcome(self, verdict, facts):
        """Return what a verdict makes of the contact: sends, puts off, stops, drops.

        :return: "send", "wait", "blocked" or "dropped"
        """
        slot = verdict.next_slot
        if verdict.result == "allow":
            return "send"
        if self.channel == "task" and slot:
            return "send"  # the collector has it for the day on which it is lawful
        if verdict.result == "block" or not slot:
            return "blocked"
        return "dropped" if self._is_late_at(slot, facts) else "wait"

    def _get_late_sentence(self):
        return self.env._("The contact rules let it arrive only after the due date.")

    def _is_late_at(self, slot, facts):
        """Return whether a reminder would arrive when the due date is there."""
        if self.stage_id.days >= 0:
            return False
        [zone, *_more] = facts.get_zones(self._prepare_ask())
        last_due = max(self.line_ids.item_id.mapped("date_due"))
        return slot.astimezone(ZoneInfo(zone)).date() >= last_due

    def _spread(self, ask, verdict, facts, share):
        """Return a lawful moment soon after the next slot: not the same for all.

        What matters more leaves first. A window that is too short for all of the time
        is shared all the same, by half of it or less.
        """
        slot = verdict.next_slot
        gate = self.env["collection.gate"]
        for part in SPREAD_PARTS if share else ():
            span = timedelta(seconds=SPREAD_SECONDS / part)
            later = slot + timedelta(seconds=int(span.total_seconds() * share))
            if all(
                gate._allows_at(ask, verdict, facts, at) for at in {later, slot + span}
            ):
                return slot if self._is_late_at(later, facts) else later
        return slot

    def _put_off(self, slot):
        """Let a contact wait for its lawful moment."""
        self.slot = slot.replace(tzinfo=None)
        waiting = self.filtered(lambda contact: contact.state != "failed")
        waiting._get_cases_of_today()._note_outcome("queued", self.slot.date())

    def _call_back_deliveries(self, moment):
        """Let the delivery jobs start when what waits may leave, minute by minute."""
        waiting = self.filtered(
            lambda contact: (
                contact.state == "planned" and contact.slot and contact.slot > moment
            )
        )
        if waiting:
            self._trigger_delivery(at=waiting._get_slot_minutes())

    def _get_slot_minutes(self):
        """Return the full minutes, in order, by which the slots have come."""
        return sorted(
            {
                slot.replace(second=0) + timedelta(minutes=1)
                for slot in self.mapped("slot")
            }
        )

    def _set_blocked(self, slot=None):
        """Note that contact rules forbid it: it is no reminder, nobody climbs.

        :param datetime slot: when it may be asked for again, None if no rule says so
        """
        today = fields.Date.context_today(self)
        retry = slot.date() if slot else today + timedelta(days=BLOCKED_RETRY_DAYS)
        moved = self._set_state(
            ("planned", "queued"), "blocked", date_done=today, retry_date=retry
        )
        for contact in moved:
            data = contact.verdict_data
            contact.reason = data and self.env["collection.gate"]._describe(data)
        moved.line_ids.write({"is_counted": False})
        moved._remove_letter_notes()
        # Where another message of the stage left, the stage counts.
        moved._get_cases_of_today().filtered(
            lambda case: case.decision != "sent"
        )._note_outcome("blocked", retry)
        return moved

    @api.model
    def _forget_blocks(self, partners):
        """Let the next run ask again for debtors about whom something changed."""
        self._forget_blocks_of(
            Domain("partner_id", "in", partners.commercial_partner_id.ids)
        )

    @api.model
    def _forget_blocks_of(self, domain):
        """Let the next run ask again for the contacts of a domain."""
        # In sudo: whoever enters a consent or a rule need not write contacts.
        today = fields.Date.context_today(self)
        self.sudo().search(
            domain & Domain("state", "=", "blocked") & Domain("retry_date", ">", today)
        ).retry_date = today


class CollectionCase(models.Model):
    _inherit = "collection.case"

    reservation = fields.Integer(
        readonly=True,
        default=0,
        help="Counts what the gate allowed, so that two workers at once never both "
        "take the last contact that is left.",
    )

    def _reserve(self):
        """Change the locked rows: who asked at the same time has to ask again."""
        cases = self._get_cases_of_budget()
        if cases:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE collection_case
                       SET reservation = COALESCE(reservation, 0) + 1
                     WHERE id IN %s
                    """,
                    tuple(cases.ids),
                )
            )
            cases.invalidate_recordset(["reservation"], flush=False)

    def _get_cases_of_budget(self):
        """Return these cases and all that share a budget of contacts with them.

        An agency has one with a person, for all its principals.
        """
        sharing = self.filtered(lambda case: case.company_id._has_one_contact_budget())
        if not sharing:
            return self
        # In sudo: the cases of other principals may be anybody's.
        shared = sharing.sudo().search([("partner_id", "in", sharing.partner_id.ids)])
        return self | self.browse(shared.ids)
