from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import SUPERUSER_ID
from odoo.tests import freeze_time

from ..models.collection_gate import Ask
from .common import CollectionCommon

SANTIAGO = ZoneInfo("America/Santiago")
OPEN = "10:00-20:00"


class GateCommon(CollectionCommon):
    """A debtor in Santiago, where it is nine in the morning of a Monday."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chile, cls.mexico = cls.env.ref("base.cl"), cls.env.ref("base.mx")
        cls.debtor = cls._create_chilean("Acme")

    @classmethod
    def _create_chilean(cls, name, state="CL-RM", **values):
        return cls._create_debtor(
            name,
            country_id=cls.chile.id,
            state_id=cls._state(cls.chile, state).id,
            **values,
        )

    @classmethod
    def _state(cls, country, code):
        return country.state_ids.filtered(lambda state: state.code == code)

    @classmethod
    def _channels(cls, *codes):
        return cls.env["collection.channel"].search([("code", "in", codes)])

    @classmethod
    def _create_rule(cls, *channels, **values):
        """Add a contact rule for some channels; for every channel if none is named."""
        return cls.env["collection.contact.rule"].create(
            {
                "name": "A Rule",
                "code": "RULE",
                "kind": "window",
                "severity": "law",
                "channel_ids": cls._channels(*channels).ids,
                **values,
            }
        )

    @classmethod
    def _create_cap(cls, maximum, *channels, **values):
        """Add a cap on the contacts of any seven days."""
        return cls._create_rule(
            *channels,
            **{"name": "Cap", "kind": "cap", "maximum": maximum, "days": 7, **values},
        )

    @classmethod
    def _forbid(cls, *channels, **values):
        return cls._create_rule(*channels, **{"kind": "prohibition", **values})

    def _stop(self, partner=None, **values):
        return self.env["collection.hold"].create(
            {"partner_id": (partner or self.debtor).id, **values}
        )

    def _answer(self, state, channel="email", partner=None, **values):
        """Note what a debtor answered about a channel."""
        return self.env["collection.consent"].create(
            {
                "partner_id": (partner or self.debtor).id,
                "channel_id": self._channels(channel).id,
                "state": state,
                **values,
            }
        )

    def _local(self, clock, days=0):
        """Be at an hour of Santiago, ``days`` after today."""
        return freeze_time(self._get_instant(clock, days))

    def _at(self, moment):
        return freeze_time(moment)

    def _get_instant(self, clock, days=0):
        """Return the moment in UTC of an hour in Santiago, as Odoo stores it."""
        local = datetime.combine(
            self.today + timedelta(days=days), time.fromisoformat(clock), SANTIAGO
        )
        return local.astimezone(timezone.utc).replace(tzinfo=None)

    def _let_stop_be_over(self, stop):
        """Bring a stop to its end before today, as time does."""
        # In sudo: nobody says afterwards that it was over.
        stop.sudo().write(
            {
                "date_from": self.today - timedelta(days=9),
                "date_to": self.today - timedelta(days=1),
            }
        )

    def _note_contact(
        self, channel="call", partner=None, outcome="attempted", values=None, **ago
    ):
        """Note a contact that a person made so long ago; the case must be open."""
        case = self._case(partner or self.debtor)
        moment = datetime.now() - timedelta(**ago)
        return (
            self.env["collection.contact"]
            .sudo()
            .create(
                {
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "company_id": case.company_id.id,
                    "channel": channel,
                    "user_id": self.env.uid,
                    "state": "sent",
                    "outcome": outcome,
                    "date_planned": moment.date(),
                    "date_done": moment.date(),
                    "date_sent": moment,
                    **(values or {}),
                }
            )
        )

    def _deliver_ready(self):
        """Deliver what the delivery job would take now; return it."""
        env = self.env(user=SUPERUSER_ID, context={})
        contacts = env["collection.contact"]._claim_batch(100)
        contacts._process()
        env.flush_all()
        self.env.invalidate_all()
        return contacts.with_env(self.env)

    def _plan_and_deliver(self):
        """Plan a day and deliver what is ready; return what was planned."""
        contacts = self._plan().contact_ids
        self._deliver_ready()
        return contacts

    def _judge(self, partner=None, channel="email", **values):
        """Return what the gate says of a contact that is made now."""
        ask = Ask((partner or self.debtor).id, channel, **values)
        self.env.flush_all()
        [(verdict, _facts)] = self.env["collection.gate"]._judge(
            self.env.company, [ask]
        )
        return verdict

    def _explain(self, partner=None, channel="email", **values):
        """Return in words what the gate says of a contact that is made now."""
        gate = self.env["collection.gate"]
        moment = datetime.now(timezone.utc)
        ask = Ask((partner or self.debtor).id, channel, **values)
        [(verdict, facts)] = gate._judge(self.env.company, [ask], moment)
        return gate._describe(gate._prepare_verdict_data(ask, verdict, facts, moment))
