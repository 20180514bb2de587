"""Personal data of a closed case is erased when it may be; the proof stays."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..const import PENDING_STATES
from .collection_contact_guard import ERASED_FIELDS, ERASING

# What else of a contact tells something personal; nothing protects it.
PERSONAL_FIELDS = ("reason", "edited_body")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    legal_hold = fields.Boolean(
        groups="collections_mgmt.group_collection_manager",
        help="A lawsuit or an authority needs it: nothing of the case is erased.",
    )
    date_erased = fields.Datetime(
        string="Personal Data Erased on", readonly=True, copy=False
    )

    def action_erase_personal_data(self):
        """Erase texts, addresses and the conversation of closed cases."""
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise AccessError(self.env._("Only managers erase personal data."))
        self.check_access("write")
        for case in self:
            case._check_may_be_erased()
        # In sudo: evidence is written by nobody; it was checked who asks, and whether
        # the law allows it.
        self.sudo()._erase_personal_data()
        return True

    # WHETHER

    def _check_may_be_erased(self):
        self.ensure_one()
        if self.state != "closed":
            raise UserError(
                self.env._("The case is open: only closed cases can be erased.")
            )
        if self.contact_ids.filtered(lambda contact: contact.state in PENDING_STATES):
            raise UserError(
                self.env._("A message of the case is still on its way: wait for it.")
            )
        if self.legal_hold or self._has_lawyer():
            raise UserError(
                self.env._(
                    "The case is kept: a lawyer, a court or an authority may need it."
                )
            )
        date = self._get_erasable_date()
        if date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "The law wants this case to be kept. Its personal data can be "
                    "erased from %(date)s on.",
                    date=format_date(self.env, date),
                )
            )

    def _has_lawyer(self):
        """Return whether the debtor is represented: the case may come to court."""
        today = fields.Date.context_today(self)
        # In sudo: the stop may be another company's.
        return bool(
            self.env["collection.hold"]
            .sudo()
            .search_count(
                Domain("partner_id", "=", self.partner_id.id)
                & Domain("kind", "=", "lawyer")
                & Domain("date_from", "<=", today)
                & (Domain("date_to", "=", False) | Domain("date_to", ">=", today)),
                limit=1,
            )
        )

    def _get_erasable_date(self):
        """Return from which day on personal data of the case can be erased."""
        self.ensure_one()
        last = self.env["collection.contact.event"].search(
            [("contact_id.case_id", "=", self.id)], order="date desc", limit=1
        )
        ends = [self.date_closed, last.date and last.date.date()]
        # Nobody knows what holds for a debtor without a country: the longest.
        countries = self.partner_id.country_id
        if countries:
            countries |= self.company_id.country_id
        years = self.env["collection.retention"]._get_years(countries)
        return max(filter(None, ends)) + relativedelta(years=years)

    # ERASING

    def _erase_personal_data(self):
        """Leave of what was said only that it was said, when, and its hashes."""
        contacts = self.contact_ids
        # What belongs to another document only went along with a message.
        own_files = contacts.attachment_ids.filtered(
            lambda file: (file.res_model or "").startswith("collection.")
        )
        (own_files | contacts._get_own_letter_files()).unlink()
        contacts._note_event("erased")
        self.env["collection.contact"]._write_noted_events()
        contacts._erase()
        self._erase_conversation()
        self.date_erased = fields.Datetime.now()
        for case in self:
            case._message_log(
                body=self.env._(
                    "Personal data was erased by %(user)s.", user=self.env.user.name
                )
            )

    def _erase_conversation(self):
        """Delete what was said on the cases, and what belongs to that.

        A channel with a queue of its own deletes what is left there.
        """
        erase_thread(self)

    def _get_conversation(self):
        """Return the messages of the cases."""
        return self.env["mail.message"].search(
            Domain("model", "=", self._name) & Domain("res_id", "in", self.ids)
        )


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _get_own_letter_files(self):
        """Return the printed files in which nobody else's letters are."""
        others = self.search(
            [
                ("letters_file_id", "in", self.letters_file_id.ids),
                ("id", "not in", self.ids),
                ("case_id.date_erased", "=", False),
            ]
        )
        return self.letters_file_id - others.letters_file_id

    def _erase(self):
        """Empty the contents of these contacts; the triggers allow it here alone."""
        if not self:
            return
        self.env.flush_all()
        self._set_erasing("on")
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_contact_content SET salt = NULL, content = NULL
                 WHERE contact_id = ANY(%s) AND content IS NOT NULL
                """,
                self.ids,
            )
        )
        for names in (ERASED_FIELDS, PERSONAL_FIELDS):
            self.env.cr.execute(
                SQL(
                    "UPDATE collection_contact SET %s WHERE id = ANY(%s)",
                    SQL(", ").join(
                        SQL("%s = NULL", SQL.identifier(name)) for name in names
                    ),
                    self.ids,
                )
            )
        self._set_erasing("off")
        self.env.invalidate_all(flush=False)

    @api.model
    def _set_erasing(self, value):
        self.env.cr.execute(SQL("SELECT set_config(%s, %s, TRUE)", ERASING, value))


def erase_thread(records):
    """Delete the messages of records, their files and their tasks.

    Mails in the outgoing queue go with their messages.
    """
    for model, field in (
        ("mail.message", "model"),
        ("ir.attachment", "res_model"),
        ("mail.activity", "res_model"),
    ):
        records.env[model].with_context(active_test=False).search(
            Domain(field, "=", records._name) & Domain("res_id", "in", records.ids)
        ).unlink()
