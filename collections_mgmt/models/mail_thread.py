from markupsafe import Markup

from odoo import api, models
from odoo.tools import SQL

from ..tools.mail_headers import is_automatic, is_delayed


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        # EXTENDS 'mail': a reminder that came back is no reminder
        super()._routing_handle_bounce(email_message, message_dict)
        if is_delayed(email_message):
            return
        # In sudo: the mail gateway also runs for users who cannot see contacts.
        contacts_sudo = (
            self.env["collection.contact"]
            .sudo()
            .search([("mail_message_id", "in", message_dict["bounced_message"].ids)])
        )
        contacts_sudo._receive_bounce(
            message_dict["bounced_email"], message_dict["bounced_partner"]
        )

    @api.model
    @api.private
    def message_route(
        self, message, message_dict, model=None, thread_id=None, custom_values=None
    ):
        # EXTENDS 'mail': what a debtor writes to the catchall address without answering
        # a message goes back by Odoo's own rules; here it waits for a person
        if self._is_debtor_at_catchall(message_dict):
            model, thread_id, custom_values = "collection.case", None, None
        return super().message_route(
            message, message_dict, model, thread_id, custom_values
        )

    @api.model
    def _detect_write_to_catchall(self, msg_dict):
        # EXTENDS 'mail': as above
        return super()._detect_write_to_catchall(
            msg_dict
        ) and not self._is_debtor_at_catchall(msg_dict)

    @api.model
    def _is_debtor_at_catchall(self, message_dict):
        """Return whether somebody with an open case wrote to the catchall address."""
        thread = self.with_context(mail_catchall_write_any_to=True)
        # What Odoo says, without the exception above.
        # pylint: disable-next=super-method-mismatch
        if not super(MailThread, thread)._detect_write_to_catchall(message_dict):
            return False
        # In sudo: the mail gateway also runs for users who cannot see cases.
        cases_sudo = self.env["collection.case"].sudo()
        return bool(cases_sudo._find_by_sender(message_dict.get("email_from")))

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # EXTENDS 'mail': the only place that knows both the headers and the case
        thread_id = super()._message_route_process(message, message_dict, routes)
        if not routes or is_automatic(message):
            return thread_id
        # In sudo: the gateway's user need not be a collector.
        env = self.env(su=True)
        author = env["res.partner"].browse(message_dict.get("author_id"))
        answered = env["mail.message"].browse(message_dict.get("parent_id"))
        cases = env["collection.case"].browse(
            route_id
            for model, route_id, *_rest in routes
            if model == "collection.case" and route_id
        )
        cases |= cases._find_by_message_elsewhere(answered)
        cases._receive_reply(author, answered)
        cases._receive_opt_out(author, answered, message_dict)
        return thread_id

    def _collection_log_batch(self, bodies, message_type="notification"):
        """Log notes on records, any number of them at once.

        As ``_message_log_batch``, which takes a millisecond for each: a bank import
        settles ten thousand promises. The first note is made by Odoo, with all that
        other modules add; the others are copies of its row with their own text.

        :param dict bodies: {record id: text}
        :param str message_type: as for ``_message_log``
        """
        (first_id, text), *others = bodies.items()
        note_sudo = self.browse(first_id)._message_log(
            body=text, message_type=message_type
        )
        if not others:
            return
        note_sudo.flush_recordset()
        own = {"id", "res_id", "body"}
        columns = SQL(", ").join(
            SQL.identifier(name)
            for name, field in note_sudo._fields.items()
            if field.store and field.column_type and name not in own
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_message (res_id, body, %(columns)s)
                SELECT other.res_id, other.body, %(columns)s
                  FROM (SELECT %(columns)s FROM mail_message WHERE id = %(first)s) note
            CROSS JOIN UNNEST(%(ids)s, %(bodies)s) WITH ORDINALITY
                       AS other(res_id, body, place)
                 ORDER BY other.place
                """,
                columns=columns,
                first=note_sudo.id,
                ids=[record_id for record_id, _text in others],
                bodies=[str(Markup("<span>%s</span>") % body) for _id, body in others],
            )
        )
        self.browse(bodies).invalidate_recordset(["message_ids"], flush=False)
