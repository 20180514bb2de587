"""What the form of a case shows at a glance: aging, totals per currency, addresses."""

from odoo import api, fields, models
from odoo.tools import email_normalize

from ..tools.aging import BUCKETS, CURRENT, OLDEST, sum_by_bucket
from ..tools.consents import PURPOSES, is_granted, is_refused, simplify_address

# From green to dark red; on paper and for the colour-blind the labels say the same.
BUCKET_COLORS = ("#3f9c6b", "#e8c547", "#e79f3c", "#dd6b33", "#c93d3d", "#7d1f2b")
# Channels that reach a phone number.
PHONE_CHANNELS = ("call", "sms", "im")
# How many contact persons are shown.
MOST_PERSONS = 20


class CollectionCase(models.Model):
    _inherit = "collection.case"

    aging_html = fields.Html(string="Aging", compute="_compute_aging_html")
    contact_points_html = fields.Html(
        string="Contact Points", compute="_compute_contact_points_html"
    )

    def _render_part(self, template, **values):
        """Return a template of the case's form as HTML."""
        self.ensure_one()
        return self.env["ir.qweb"]._render(
            f"collections_mgmt.{template}",
            {"case": self, "format_amount": self._format_amount, **values},
            minimal_qcontext=True,
        )

    def _format_amount(self, amount, currency=None):
        return (currency or self.currency_id).format(amount)

    # AGING

    @api.depends("open_item_ids")
    @api.depends_context("lang", "uid")
    def _compute_aging_html(self):
        for case in self:
            case.aging_html = bool(case.open_item_ids) and case._render_part(
                "case_aging",
                buckets=case._get_aging(),
                blocks=case._get_foreign_blocks(),
            )

    def _get_aging(self):
        """Return a list of {"label", "amount", "share" in percent, "color"}."""
        self.ensure_one()
        amounts = sum_by_bucket(
            (item.days_overdue, item.amount_residual) for item in self.open_item_ids
        )
        total = sum(amounts.values()) or 1.0
        labels = self._get_bucket_labels()
        return [
            {
                "label": labels[code],
                "amount": amounts[code],
                "share": round(100 * amounts[code] / total, 2),
                "color": color,
            }
            for code, color in zip(BUCKETS, BUCKET_COLORS, strict=True)
        ]

    def _get_bucket_labels(self):
        return {
            **{code: self.env._("%(days)s days", days=code) for code in BUCKETS},
            CURRENT: self.env._("Not due"),
            OLDEST: self.env._("Over %(days)s days", days=BUCKETS[-2].split("-")[1]),
        }

    def _get_foreign_blocks(self):
        """Return the totals per currency, if there is more than the company's own.

        :return: list of tools.statement.CurrencyBlock
        """
        blocks = self._get_statement_blocks()
        is_plain = all(block.currency == self.currency_id for block in blocks)
        return [] if is_plain else blocks

    # CONTACT POINTS

    @api.depends("partner_id.email", "partner_id.phone")
    @api.depends_context("lang", "uid")
    def _compute_contact_points_html(self):
        for case in self:
            case.contact_points_html = case._render_part(
                "case_contact_points", points=case._get_contact_points()
            )

    def _get_contact_points(self):
        """Return a list of {"person", "role", "value", "icon", "marks"}.

        ``marks`` are pairs of a text and a Bootstrap color.
        """
        self.ensure_one()
        answers = self._get_answers()
        bounced = self._get_bounced_addresses()
        points = []
        for person in self._get_contact_persons():
            point = {"person": person.name or "", "role": self._get_role(person)}
            if person.email:
                marks = self._get_email_marks(person, answers, bounced)
                points.append(
                    {**point, "value": person.email, "icon": "envelope", "marks": marks}
                )
            if person.phone:
                marks = self._get_phone_marks(person, answers, bounced)
                points.append(
                    {**point, "value": person.phone, "icon": "phone", "marks": marks}
                )
        return points

    def _get_contact_persons(self):
        """Return the debtor, then who receives reminders, then its other contacts."""
        debtor = self.partner_id
        persons = debtor | debtor.collection_contact_id | debtor.child_ids
        return persons[:MOST_PERSONS]

    def _get_role(self, person):
        if person == self.partner_id:
            return self.env._("Debtor")
        if person == self.partner_id.collection_contact_id:
            return self.env._("Receives the reminders")
        types = dict(person._fields["type"]._description_selection(self.env))
        return person.function or types.get(person.type, "")

    def _get_answers(self):
        """Return what the debtor allowed and refused, as tools.consents.Answers."""
        debtor = self.partner_id.commercial_partner_id
        answers = self.env["collection.consent"]._get_answers(
            self.company_id, debtor.ids
        )
        return answers.get(debtor.id, [])

    def _get_bounced_addresses(self):
        """Return the addresses whose last message came back."""
        last = {}
        for contact in self.contact_ids.sorted("id"):
            if contact.address and contact.state in ("sent", "failed"):
                address = email_normalize(contact.address) or contact.address
                last[address] = contact.is_bounced
        return {address for address, is_bounced in last.items() if is_bounced}

    def _get_email_marks(self, person, answers, bounced):
        address = email_normalize(person.email)
        marks = []
        if not address:
            marks.append((self.env._("Not valid"), "danger"))
        if person.is_blacklisted:
            marks.append((self.env._("On the blacklist"), "danger"))
        if person.message_bounce or address in bounced:
            marks.append((self.env._("Came back"), "danger"))
        marks += self._get_answer_marks(("email",), answers, person.email)
        return marks or [(self.env._("Valid"), "success")]

    def _get_phone_marks(self, person, answers, bounced):
        marks = []
        if not person._phone_format(fname="phone"):
            marks.append((self.env._("Not valid"), "danger"))
        if person.phone_sanitized in bounced:
            marks.append((self.env._("Came back"), "danger"))
        if person.phone_sanitized_blacklisted:
            marks.append((self.env._("On the blacklist"), "danger"))
        marks += self._get_answer_marks(
            PHONE_CHANNELS, answers, person.phone_sanitized or person.phone
        )
        return marks or [(self.env._("Valid"), "success")]

    def _get_answer_marks(self, channels, answers, address):
        """Return what the debtor allowed and refused for an address."""
        if not answers:
            return []
        names = {
            channel.code: channel.name
            for channel in self.env["collection.channel"].search([])
        }
        address = {simplify_address(address)}
        marks = []
        for code in channels:
            about = [(answers, code, address, purpose) for purpose in PURPOSES]
            if any(is_refused(*purpose) for purpose in about):
                text = self.env._("Refused: %(channel)s", channel=names[code])
                marks.append((text, "danger"))
            elif any(is_granted(*purpose) for purpose in about):
                text = self.env._("Consent: %(channel)s", channel=names[code])
                marks.append((text, "success"))
        return marks
