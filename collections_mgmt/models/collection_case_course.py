"""The course of a case: all that happened, of every kind, in one list."""

from datetime import datetime, time
from itertools import groupby

from odoo import api, fields, models
from odoo.tools import format_date, format_datetime, html2plaintext

# How many entries the form shows.
MOST_ENTRIES = 40
SHOWN_TEXT = 160
# What became of a message, and no decision of its own.
MESSAGE_DECISIONS = ("queued", "sent", "dropped", "skipped")
# Words of people, and what the case says of itself; no trace of changed fields, and
# nothing that is TOLD_BY_COURSE as an entry of its own.
MESSAGE_TYPES = ("comment", "email", "email_outgoing", "notification", "sms")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    course_html = fields.Html(string="Course", compute="_compute_course_html")
    is_course_cut = fields.Boolean(compute="_compute_course_html")
    full_course_html = fields.Html(
        string="Whole Course", compute="_compute_full_course_html"
    )

    @api.depends("decision", "date_last_contact", "amount_open", "message_ids")
    @api.depends_context("lang", "uid", "tz")
    def _compute_course_html(self):
        for case in self:
            entries, count = case._read_course(MOST_ENTRIES)
            case.is_course_cut = len(entries) < count
            case.course_html = case._render_part(
                "case_course", entries=entries, count=count
            )

    @api.depends("course_html")
    @api.depends_context("lang", "uid", "tz")
    def _compute_full_course_html(self):
        for case in self:
            entries, count = case._read_course(None)
            case.full_course_html = case._render_part(
                "case_course", entries=entries, count=count
            )

    def action_open_course(self):
        """Open all that happened, where the form shows the last entries alone."""
        self.ensure_one()
        view = self.env.ref("collections_mgmt.collection_case_view_course")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Course: %(debtor)s", debtor=self.partner_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(view.id, "form")],
            "target": "new",
        }

    def _get_course(self, limit=MOST_ENTRIES):
        """Return the last entries, the latest first; see ``_prepare_course_entry``."""
        return self._read_course(limit)[0]

    def _read_course(self, limit):
        """Return the last entries, the latest first, and how many there are.

        :param int limit: how many entries; None for all
        """
        self.ensure_one()
        entries, count = [], 0
        for source in self._get_course_sources():
            some, count_of_source = source(limit)
            entries += some
            count += count_of_source
        entries.sort(key=lambda entry: entry["moment"], reverse=True)
        return entries[:limit], count

    def _get_course_sources(self):
        """Return the functions that give entries; modules add theirs.

        Each takes how many of the last ones are wanted, None for all, and returns them
        with the number that there are.
        """
        return [
            self._get_course_decisions,
            self._get_course_contacts,
            self._get_course_payments,
            self._get_course_messages,
        ]

    def _search_course(self, model, domain, limit, order=None):
        """Return the last records that entries are made of, and how many there are."""
        records = model.search(domain, limit=limit, order=order)
        is_all = not limit or len(records) < limit
        return records, len(records) if is_all else model.search_count(domain)

    def _prepare_course_entry(self, when, icon, title, *details, color="muted"):
        """Return an entry.

        :param when: date, or datetime in UTC; a day comes after what happened on it
        :param str icon: a Font Awesome name
        :param str title: what happened
        :param details: more words, empty ones are left out
        :param str color: a Bootstrap color
        """
        is_moment = isinstance(when, datetime)
        return {
            "moment": when if is_moment else datetime.combine(when, time.max),
            "when": format_datetime(self.env, when, dt_format="short")
            if is_moment
            else format_date(self.env, when),
            "icon": icon,
            "color": color,
            "title": title,
            "text": " · ".join(str(detail) for detail in details if detail),
        }

    # SOURCES

    def _get_course_decisions(self, _limit):
        """Return the decisions; one that a new day only repeats is left out.

        So is what became of a message: the message is an entry of its own.
        """
        labels = dict(self._fields["decision"]._description_selection(self.env))
        past = self.env["collection.case.decision"].search([("case_id", "=", self.id)])
        decisions = [
            *((row.date, row.decision, row.stage_id, row.amount) for row in past[::-1]),
            (
                *(self.decision_date, self.decision),
                *(self.decision_stage_id, self.decision_amount),
            ),
        ]
        runs = groupby(  # pylint: disable=bad-builtin-groupby
            (row for row in decisions if row[1] and row[1] not in MESSAGE_DECISIONS),
            key=lambda row: row[1:3],
        )
        entries = [
            self._prepare_course_entry(
                date,
                "fa-cog",
                labels.get(decision, ""),
                stage.name,
                amount and self._format_amount(amount),
            )
            for date, decision, stage, amount in (next(run) for _key, run in runs)
        ]
        return entries, len(entries)

    def _get_course_contacts(self, limit):
        Contact = self.env["collection.contact"]
        labels = {
            name: dict(Contact._fields[name]._description_selection(self.env))
            for name in ("channel", "state", "outcome")
        }
        contacts, count = self._search_course(
            Contact,
            [("case_id", "=", self.id), ("state", "!=", "test")],
            limit,
            order="id desc",
        )
        entries = [self._get_course_contact(contact, labels) for contact in contacts]
        return entries, count

    def _get_course_contact(self, contact, labels):
        icons = {"call": "fa-phone", "task": "fa-phone", "letter": "fa-file-text-o"}
        icon = icons.get(contact.channel, "fa-envelope-o")
        colors = {"sent": "success", "failed": "danger", "blocked": "warning"}
        return self._prepare_course_entry(
            contact.date_sent or contact.date_done or contact.date_planned,
            icon,
            f"{labels['channel'][contact.channel]}: {labels['state'][contact.state]}",
            contact.stage_id.name,
            labels["outcome"].get(contact.outcome),
            contact.address,
            contact.reason,
            contact.user_id.name,
            color=colors.get(contact.state, "muted"),
        )

    def _get_course_payments(self, limit):
        # In sudo: what was paid does not depend on who looks at the case.
        lines = self.item_ids.sudo().move_line_id
        matches, count = self._search_course(
            self.env["account.partial.reconcile"].sudo(),
            [("debit_move_id", "in", lines.ids)],
            limit,
            order="max_date desc, id desc",
        )
        entries = [
            self._prepare_course_entry(
                match.max_date,
                "fa-money",
                self.env._("Credited")
                if match.credit_move_id.move_id.move_type == "out_refund"
                else self.env._("Paid"),
                self._format_amount(match.amount),
                match.debit_move_id.move_id.name,
                match.credit_move_id.move_id.name,
                color="success",
            )
            for match in matches
        ]
        return entries, count

    def _get_course_messages(self, limit):
        """Return what people wrote, and what the case says of itself.

        Left out are messages that are an entry of another kind already.
        """
        contacts = self.contact_ids.filtered("mail_message_id")
        messages, count = self._search_course(
            self.env["mail.message"],
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                ("message_type", "in", MESSAGE_TYPES),
                ("id", "not in", contacts.mail_message_id.ids),
                *("|", ("body", "!=", False), ("attachment_ids", "!=", False)),
            ],
            limit,
        )
        return [self._get_course_message(message) for message in messages], count

    def _get_course_message(self, message):
        text = html2plaintext(message.body or "").strip()
        author = message.author_id.name or message.email_from or ""
        # What the case notes of a person's choice has a title.
        is_choice = message.message_type == "notification" and message.subject
        return self._prepare_course_entry(
            message.date,
            "fa-hand-pointer-o" if is_choice else "fa-comment-o",
            message.subject if is_choice else author,
            text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…",
            author if is_choice else "",
            *message.attachment_ids.mapped("name"),
            color="info",
        )
