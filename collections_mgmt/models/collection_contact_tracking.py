"""Openings and clicks: a picture and a personal link that tell when they are used."""

from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, consteq, hmac
from odoo.tools.mail import append_content_to_html

from ..const import FIRST_TIMES, PERSONAL_LINK_DAYS


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    personal_url = fields.Char(
        string="Personal Link",
        compute="_compute_personal_url",
        help="Leads the debtor to the page of what is open, for templates.",
    )

    @api.depends("company_id.collection_track_reading")
    def _compute_personal_url(self):
        for contact in self:
            contact.personal_url = contact._get_personal_url()

    # WHAT LEAVES

    def _get_debtor_url(self):
        """Return the path of the page on which the debtor sees what is open."""
        self.ensure_one()
        return "/my/invoices"

    def _get_personal_url(self):
        """Return the address that leads the debtor there, with a trace if wanted."""
        self.ensure_one()
        return self.company_id.get_base_url() + (
            f"/collections/c/{self.id}/{self._get_signature('click')}"
            if self.company_id.collection_track_reading
            else self._get_debtor_url()
        )

    def _add_tracking_pixel(self, body):
        """Return the body of a mail with the picture that tells of its opening."""
        pixel = self._get_tracking_pixel()
        return append_content_to_html(body, pixel, plaintext=False) if pixel else body

    def _remove_tracking_pixel(self, body):
        """Return the body to keep: who looks at it here does not open the mail."""
        pixel = self._get_tracking_pixel()
        return body.replace(pixel, "") if pixel else body

    def _get_tracking_pixel(self):
        """Return the picture's HTML; empty where the company does not want it."""
        self.ensure_one()
        if not self.company_id.collection_track_reading:
            return ""
        return Markup('<img src="%s" alt="" width="1" height="1"/>') % (
            f"{self.company_id.get_base_url()}"
            f"/collections/o/{self.id}/{self._get_signature('open')}.gif"
        )

    # WHO COMES BACK WITH IT

    def _get_signature(self, purpose):
        """Return what makes an address of this contact impossible to guess.

        :param str purpose: a signature for one purpose is worth nothing for another
        """
        self.ensure_one()
        # In sudo: the key is a system parameter.
        return hmac(self.env(su=True), f"collection.contact/{purpose}", self.id)

    def _is_signed(self, purpose, signature):
        # As bytes: the comparison does not take other text than ASCII.
        return consteq(signature.encode(), self._get_signature(purpose).encode())

    def _is_link_alive(self):
        """Return whether the personal link is still young enough to be followed."""
        self.ensure_one()
        sent = self.date_done or self.date_planned
        age = fields.Date.context_today(self) - sent
        return age <= timedelta(days=PERSONAL_LINK_DAYS)

    def _note_opened(self):
        self._note_first_time("date_opened")

    def _note_clicked(self):
        """Note the click; who follows the link has the mail open."""
        self._note_first_time("date_clicked", "date_opened")

    def _note_first_time(self, name, *implied):
        """Note that something happened now, unless it is known, or the row is busy.

        The visitor does not wait for the outgoing queue or for a run.

        :param str name: the field of what happened
        :param str implied: fields of what must have happened before
        """
        wanted = self.filtered("company_id.collection_track_reading")
        if not wanted:
            return
        names = [name, *implied]
        self.flush_recordset(names)
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE collection_contact contact SET %(values)s
                  FROM (
                       SELECT id FROM collection_contact
                        WHERE id IN %(contacts)s AND %(name)s IS NULL
                          FOR NO KEY UPDATE SKIP LOCKED
                  ) free
                 WHERE contact.id = free.id RETURNING contact.id
                """,
                values=SQL(", ").join(
                    SQL(
                        "%(name)s = COALESCE(contact.%(name)s, %(now)s)",
                        name=SQL.identifier(column),
                        now=fields.Datetime.now(),
                    )
                    for column in names
                ),
                name=SQL.identifier(name),
                contacts=tuple(wanted.ids),
            )
        )
        self.invalidate_recordset(names)
        self.browse([contact_id for [contact_id] in rows])._note_event(
            FIRST_TIMES[name]
        )
