import logging
from datetime import datetime

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, is_html_empty
from odoo.tools.mail import email_normalize_all

from ..const import DELIVERY_BATCH_SIZE
from ..tools.errors import CONFLICTS, explain
from ..tools.own_html import put_back, set_aside

_logger = logging.getLogger(__name__)

# The fields by which a template says what QWeb wrote, of escaped values
OWN_PIECES = ("items_table", "legal_block")


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    copies = fields.Char(
        compute="_compute_copies",
        # Who gets a copy does not depend on who delivers.
        compute_sudo=True,
        help="Who would get a copy now: nobody who refused it.",
    )

    @api.depends(
        "partner_id.collection_cc_ids.email_normalized",
        "partner_id.collection_cc_ids.company_id",
        "partner_id.collection_cc_ids.user_ids.company_ids",
        "partner_id.collection_consent_ids",
        "address_partner_id.email_normalized",
    )
    def _compute_copies(self):
        addresses = {contact: contact._get_copied_addresses() for contact in self}
        copied = self.filtered(addresses.get)
        (self - copied).copies = ""
        for company, contacts in copied.grouped("company_id").items():
            answers = self.env["collection.consent"]._get_answers(
                company, contacts.partner_id.commercial_partner_id.ids
            )
            for contact in contacts:
                of_debtor = answers.get(contact.partner_id.commercial_partner_id.id)
                contact.copies = ", ".join(
                    contact._filter_unrefused(addresses[contact], of_debtor)
                )

    def _get_copied_addresses(self):
        """Return the addresses that are to have a copy.

        The debtor may be shared by several companies: people of another one get none.
        """
        copied = self.partner_id.collection_cc_ids.filtered(
            lambda person: person._is_of_creditor(self.company_id)
        )
        addresses = dict.fromkeys(copied.mapped("email_normalized"))
        addresses.pop(self.address_partner_id.email_normalized, None)
        return [*filter(None, addresses)]

    # QUEUE

    @api.model
    def _trigger_delivery(self, at=None):
        """Ask the delivery jobs to start as soon as the transaction is through.

        :param at: one or several datetimes, in UTC, at which they shall start instead
        """
        # In sudo: whoever may plan or approve may start the jobs.
        jobs_sudo = (
            self.env["ir.cron"]
            .sudo()
            .search(
                [
                    ("model_name", "=", self._name),
                    ("code", "=", "model._cron_deliver()"),
                ]
            )
        )
        for job in jobs_sudo:
            job._trigger(at)

    @api.model
    def _cron_deliver(self, batch_size=DELIVERY_BATCH_SIZE):
        """Deliver planned contacts, batch by batch, while there is time.

        Any number of jobs may do so at once: each takes what no other has.
        """
        while True:
            contacts = self._claim_batch(batch_size)
            contacts._process_batch()
            remaining = self.search_count(self._get_ready_domain())
            time_left = self.env["ir.cron"]._commit_progress(
                len(contacts), remaining=remaining if contacts else 0
            )
            self.env.invalidate_all()  # what was read for one batch serves no other
            if not contacts or not time_left:
                return

    @api.model
    def _get_ready_domain(self):
        """Return the domain of what may leave now: its moment has come."""
        return Domain("state", "=", "planned") & (
            Domain("slot", "=", False) | Domain("slot", "<=", fields.Datetime.now())
        )

    @api.model
    def _claim_batch(self, batch_size):
        """Lock the cases of some planned contacts that no other job works on.

        What matters most comes first.

        The lock also keeps payments and people from changing a case while its message
        is written.

        :return: the contacts, an empty record set when other jobs have all of them
        """
        self.env.flush_all()
        try:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT contact.id
                      FROM collection_contact contact
                      JOIN collection_case cases ON cases.id = contact.case_id
                 LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
                     WHERE contact.state = 'planned'
                       AND (contact.slot IS NULL OR contact.slot <= %(now)s)
                     ORDER BY %(priority)s LIMIT %(size)s
                       FOR NO KEY UPDATE OF cases, contact SKIP LOCKED
                    """,
                    now=fields.Datetime.now(),
                    priority=self._get_priority_sql(),
                    size=batch_size,
                )
            )
        except psycopg2.errors.SerializationFailure:
            # Another job committed one of them after our transaction began.
            self.env.cr.rollback()
            return self._claim_batch(batch_size)
        return self.browse([contact_id for [contact_id] in rows])

    def _process_batch(self):
        """Process the contacts together; if that fails, find those that spoil it."""
        try:
            self._process()
            self.env.flush_all()
        except CONFLICTS as error:
            # Other work was in the way, which is no fault: the batch comes again.
            self.env.cr.rollback()
            _logger.info(
                "A batch of %s contacts is tried again: %s",
                len(self),
                type(error).__name__,
            )
        except Exception:
            self.env.cr.rollback()
            _logger.exception("A batch of %s contacts failed, one by one", len(self))
            self._process_one_by_one()

    def _process_one_by_one(self):
        """Find the contact that spoils a batch; the others go out."""
        for contact in self:
            try:
                if contact.try_lock_for_update():
                    contact._process()
                    self.env.flush_all()
            except CONFLICTS:
                self.env.cr.rollback()
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Contact %s cannot be delivered", contact.id)
                contact._set_failed(contact._get_failure_sentence(explain(error)))
            self.env["ir.cron"]._commit_progress()

    def _get_failure_sentence(self, error):
        """Return why this contact could not be made, for its collector."""
        self.ensure_one()
        values = {
            "stage": self.stage_id.name,
            "template": self._get_template().name,
            "error": error,
        }
        if self.channel == "task" or not values["template"]:
            return self.env._("“%(stage)s” could not be done: %(error)s", **values)
        return self.env._(
            "“%(stage)s” could not be made from the template “%(template)s”: %(error)s",
            **values,
        )

    def _process(self):
        """Check the contacts against the ledger and hand them to their channels."""
        contacts = self.filtered(lambda contact: contact.state == "planned")
        # A contact nobody takes would come back in every batch, for ever.
        nobodys = contacts.filtered(lambda contact: contact.channel == "other")
        nobodys._set_failed_for_channel()
        allowed = (contacts - nobodys)._check_truth()._pass_gate()._check_wording()
        allowed._deliver()
        allowed.filtered(
            lambda contact: contact.state == "planned"
        )._set_failed_for_channel()

    def _set_failed_for_channel(self):
        self._set_failed(self.env._("No installed module delivers by this channel."))

    # CHANNELS

    def _deliver(self):
        """Hand each contact to its channel.

        A module that adds a channel takes its own contacts and gives the rest to super.
        """
        emails = self.filtered(lambda contact: contact.channel == "email")
        emails._attach_documents()._deliver_email()
        self.filtered(lambda contact: contact.channel == "letter")._deliver_letter()
        self.filtered(lambda contact: contact.channel == "task")._deliver_task()

    def _deliver_email(self):
        """Render, post on the case and queue one mail each."""
        rendered = {}
        for template, contacts in self.grouped(
            lambda contact: contact._get_template()
        ).items():
            rendered |= contacts._get_rendered(template)
        silent = self.filtered(
            lambda contact: is_html_empty(rendered[contact.id]["body_html"])
        )
        for contact in silent:
            contact._set_failed(
                contact._get_failure_sentence(self.env._("there is no text."))
            )
        if spoken := (self - silent)._check_texts(rendered):
            spoken._create_emails(rendered)

    def _get_template(self):
        """Return the template that words the message."""
        self.ensure_one()
        return self.step_id.template_id

    def _create_emails(self, rendered):
        """Post the texts on the cases and queue a mail each.

        :param dict rendered: {contact id: {"subject", "body_html"}}
        """
        messages = self._create_messages(rendered)
        # In sudo: mails and notifications are the mail system's own records; the
        # contacts themselves were planned for this delivery.
        mails = (
            self.env["mail.mail"]
            .sudo()
            .create(
                [
                    contact._prepare_mail_values(contact._get_template(), message)
                    for contact, message in zip(self, messages, strict=True)
                ]
            )
        )
        self.env["mail.notification"].sudo().create(
            [
                contact._prepare_notification_values(mail)
                for contact, mail in zip(self, mails, strict=True)
            ]
        )
        for contact, mail in zip(self, mails, strict=True):
            contact.write(contact._prepare_content_values(mail))
        self._set_queued()
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _create_messages(self, rendered):
        """Post the texts on the cases: one message per contact, in order.

        A text is cleaned as any other, but for the tables the suite wrote itself.
        """
        cleaned, kept = {}, {}
        for contact in self:
            text = rendered[contact.id]
            body, kept[contact] = set_aside(
                text["body_html"], contact._get_own_pieces()
            )
            cleaned[contact] = {**text, "body_html": body}
        # In sudo: as for the mails.
        messages = (
            self.env["mail.message"]
            .sudo()
            .create(self._prepare_message_values_list(cleaned))
        )
        for contact, message in zip(self, messages, strict=True):
            if not kept[contact]:
                continue
            body = put_back(message.body, kept[contact])
            if body is None:
                message.body = rendered[contact.id]["body_html"]
            else:
                # As written, it would be cleaned again.
                message._fields["body"]._update_cache(message, str(body), dirty=True)
        return messages

    def _get_own_pieces(self):
        """Return the HTML that the suite wrote itself and that the text may hold."""
        self.ensure_one()
        if self.is_edited:
            return []
        # As when it was rendered: then they are still in memory.
        told = self.sudo().with_context(lang=self.lang)
        source = self._get_template().sudo().with_context(lang=self.lang).body_html
        return [told[name] for name in OWN_PIECES if name in (source or "")]

    def _prepare_message_values_list(self, rendered):
        """Return the values of the chatter messages, one per contact, in order."""
        reply_to = self.case_id._notify_get_reply_to_batch(
            defaults={
                case.id: case._get_sender().email_formatted for case in self.case_id
            }
        )
        return [
            contact._prepare_message_values(
                rendered[contact], reply_to.get(contact.case_id.id)
            )
            for contact in self
        ]

    def _prepare_message_values(self, rendered, reply_to):
        self.ensure_one()
        sender = self.case_id._get_sender()
        return {
            "model": "collection.case",
            "res_id": self.case_id.id,
            "record_name": self.case_id.display_name,
            "message_type": "email_outgoing",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment"),
            "author_id": sender.id,
            "email_from": sender.email_formatted,
            "reply_to": reply_to or sender.email_formatted,
            "partner_ids": self.address_partner_id.ids,
            "subject": rendered["subject"],
            "body": rendered["body_html"],
            "attachment_ids": self._get_attachment_ids(),
            "email_add_signature": False,
        }

    def _prepare_mail_values(self, template, message):
        self.ensure_one()
        return {
            "mail_message_id": message.id,
            "reply_to": message.reply_to,
            "email_from": message.email_from,
            "recipient_ids": self.address_partner_id.ids,
            "email_cc": self._get_email_cc(),
            "mail_server_id": template.mail_server_id.id,
            "auto_delete": True,
            "is_notification": True,
            "body_html": self._add_tracking_pixel(
                template.with_context(lang=self.lang)._render_encapsulate(
                    template.email_layout_xmlid or "collections_mgmt.email_layout",
                    message.body,
                    add_context=self._prepare_layout_values(message),
                    context_record=self.case_id,
                )
            ),
        }

    def _prepare_layout_values(self, message):
        """Return what the layout of a mail is rendered with."""
        self.ensure_one()
        return {
            "company": self.company_id,
            "lang": self.lang,
            "message": message,
            "model_description": self.case_id._description,
        }

    def _get_email_cc(self):
        """Return the addresses that get a copy, empty when nobody does."""
        self.ensure_one()
        return self.copies

    def _prepare_notification_values(self, mail):
        self.ensure_one()
        return {
            "mail_message_id": mail.mail_message_id.id,
            "mail_mail_id": mail.id,
            "author_id": mail.author_id.id,
            "res_partner_id": self.address_partner_id.id,
            "notification_type": "email",
            "notification_status": "ready",
            "is_read": True,
        }

    def _prepare_content_values(self, mail):
        self.ensure_one()
        return {
            "address": ", ".join(email_normalize_all(self.address_partner_id.email)),
            "email_cc": mail.email_cc,
            "subject": mail.subject,
            "body": self._remove_tracking_pixel(mail.body_html),
            "mail_message_id": mail.mail_message_id.id,
            "mail_mail_id": mail.id,
        }

    def _deliver_task(self):
        """Give the collectors one open activity per case, with what is owed now."""
        values_list = [contact._prepare_activity_values() for contact in self]
        open_tasks = {
            (activity.res_id, activity.activity_type_id.id): activity
            for activity in self.case_id.activity_ids
        }
        new = {}
        for values in values_list:
            kind = (values["res_id"], values["activity_type_id"])
            if kind in open_tasks:
                open_tasks[kind].write(
                    {"summary": values["summary"], "note": values["note"]}
                )
            else:
                new[kind] = values
        self.case_id._create_tasks(list(new.values()))
        self._set_sent()

    def _prepare_activity_values(self):
        self.ensure_one()
        responsible = self.case_id._get_responsible()
        lang = responsible.lang or self.company_id.partner_id.lang
        self = self.with_context(lang=lang)  # the collector reads it, not the debtor
        activity_type = self.step_id.activity_type_id or self.env.ref(
            "collections_mgmt.mail_activity_type_call"
        )
        case = self.case_id
        unreached = self.step_id.channel != "task"
        return {
            "res_id": case.id,
            "activity_type_id": activity_type.id,
            "summary": self.env._("No address: %(stage)s", stage=self.stage_id.name)
            if unreached
            else self.stage_id.name,
            "note": self.items_table,
            "user_id": responsible.id,
            "date_deadline": max(
                fields.Date.context_today(self), (self.slot or datetime.min).date()
            ),
            "automated": True,
        }
