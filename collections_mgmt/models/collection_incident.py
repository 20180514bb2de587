"""Contacts that broke a law's rule are told to who answers for it, once a day."""

from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_compliance_user_id = fields.Many2one(
        "res.users",
        string="Responsible for Compliance",
        domain=[("share", "=", False)],
        help="Gets a task for each contact that broke a rule, and a message on the day "
        "after one broke a law's.",
    )
    collection_incident_date = fields.Date(
        readonly=True, help="The last day whose incidents were told."
    )

    @api.model
    def _cron_tell_incidents(self):
        """Tell the responsible of each company what broke a law until yesterday."""
        for company in self.search([("collection_compliance_user_id", "!=", False)]):
            company._tell_incidents()

    def _tell_incidents(self):
        """Send a message if a law's rule was broken on the days not told about yet."""
        self.ensure_one()
        user = self.collection_compliance_user_id
        zone = ZoneInfo(user.tz or "UTC")
        today = datetime.now(zone).date()
        yesterday = today - timedelta(days=1)
        told = self.collection_incident_date or yesterday - timedelta(days=1)
        if told >= yesterday:
            return
        start, end = (
            datetime.combine(day, time.min, zone)
            .astimezone(timezone.utc)
            .replace(tzinfo=None)
            for day in (told + timedelta(days=1), today)
        )
        incidents = self.env["collection.contact.event"].search(
            [
                ("company_id", "=", self.id),
                ("kind", "=", "incident"),
                ("date", ">=", start),
                ("date", "<", end),
            ]
        )
        self.collection_incident_date = yesterday
        unlawful = incidents.filtered(lambda incident: incident._broke_law())
        if unlawful:
            unlawful.with_context(lang=user.lang)._tell(user)


class CollectionContactEvent(models.Model):
    _inherit = "collection.contact.event"

    def _broke_law(self):
        """Return whether a law's rule spoke against what was done all the same."""
        self.ensure_one()
        reasons = (self._get_facts().get("verdict") or {}).get("reasons", ())
        return any(reason.get("severity") == "law" for reason in reasons)

    def _tell(self, user):
        """Send a user a message about these incidents."""
        company = self.company_id
        company.partner_id.message_notify(
            partner_ids=user.partner_id.ids,
            subject=self.env._(
                "%(company)s: contacts that broke the law (%(count)s)",
                company=company.name,
                count=len(self),
            ),
            body=Markup("<p>%s</p><ul>%s</ul>")
            % (
                self.env._("A law's rule did not allow these contacts:"),
                Markup().join(event._prepare_telling() for event in self),
            ),
        )

    def _prepare_telling(self):
        """Return a list entry that says what broke which rule."""
        self.ensure_one()
        contact = self.contact_id
        channels = dict(contact._fields["channel"]._description_selection(self.env))
        return Markup('<li><a href="%s">%s</a> · %s · %s<br/>%s</li>') % (
            f"/odoo/{contact.case_id._name}/{contact.case_id.id}",
            contact.partner_id.display_name,
            channels.get(contact.channel, contact.channel),
            contact.user_id.name or "",
            Markup("<br/>").join((contact.verdict_text or "").splitlines()),
        )
