"""What is said and done when something is disputed, changed, and answered."""

from odoo import models
from odoo.tools import html2plaintext

from ..const import TOLD_BY_COURSE
from .collection_contact_guard import PLAN_STATES

TASK = "collections_mgmt.mail_activity_type_dispute"
# What the task says: who is to answer, and until when.
TASK_FIELDS = frozenset({"reason_id", "user_id", "date_deadline"})
# Words are not tracked by Odoo.
TEXT_FIELDS = ("description", "answer")


class CollectionDispute(models.Model):
    _inherit = "collection.dispute"

    # IT BEGINS

    def _on_opened(self):
        self._note_debtors()
        for dispute in self:
            dispute.activity_schedule(
                TASK, dispute.date_deadline, user_id=dispute.user_id.id
            )
            dispute._log(self.env._("%(amount)s are disputed: %(reason)s."))
            dispute._note_on_record("disputed", text=dispute.description)
        for dispute in self.filtered("message_id"):
            dispute._copy_files()

    def _copy_files(self):
        """Take the files of the debtor's message: they say what is wrong."""
        # In sudo: that the message is one of the case was checked.
        for file in self.message_id.sudo().attachment_ids:
            file.copy({"res_model": self._name, "res_id": self.id})

    # IT CHANGES

    def _on_changed(self, vals, texts):
        """Let the task follow, and keep the words that were there before.

        :param dict texts: what ``_get_texts`` returned before the change
        """
        # In sudo: who gave it to somebody else may not see it any more.
        for dispute in self.sudo():
            if TASK_FIELDS & vals.keys():
                dispute._move_task()
            for label, text in texts.get(dispute.id, ()):
                dispute._message_log(
                    body=self.env._(
                        "%(field)s until now: %(text)s", field=label, text=text
                    )
                )

    def _move_task(self):
        """Give the task to who is to answer, for the day until when."""
        self.ensure_one()
        self.activity_reschedule(
            [TASK], date_deadline=self.date_deadline, new_user_id=self.user_id.id
        )

    def _get_texts(self, vals):
        """Return {id: [(label, text)]} of the words that these values replace.

        Who erases personal data keeps none of them: they write without tracking.
        """
        names = [name for name in TEXT_FIELDS if name in vals]
        if not names or self.env.context.get("tracking_disable"):
            return {}
        return {
            dispute.id: [
                (self._fields[name]._description_string(self.env), text)
                for name in names
                if (text := html2plaintext(dispute[name] or ""))
                and text != html2plaintext(vals[name] or "")
            ]
            for dispute in self
        }

    # IT IS ANSWERED

    def _on_closed(self, sentence):
        self.activity_feedback([TASK])
        self._log(sentence)
        self._note_on_record("dispute_closed", text=self.answer)
        if self.answer and self.tell_debtor and self.state != "withdrawn":
            self._send_answer()

    def _send_answer(self):
        """Send the answer to the debtor on the case; contact rules are asked."""
        case_sudo = self.sudo().case_id  # as for the log
        if case_sudo.is_without_email:
            self._leave_answer_to_person()
            return
        case_sudo.message_post(
            body=self.answer,
            subject=self.reason_id.name,
            partner_ids=case_sudo._get_addressee().ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _leave_answer_to_person(self):
        """Give somebody the task to tell the answer: no e-mail reaches the debtor."""
        dispute_sudo = self.sudo()  # as for the log
        task = dispute_sudo._prepare_task_values(
            self.env.ref("mail.mail_activity_data_todo"),
            self.date_closed,
            lambda dispute: dispute.env._(
                "Tell the answer to the dispute by letter or phone: no e-mail address"
            ),
        )
        dispute_sudo.case_id._create_tasks([{**task, "note": self.answer}])

    # ON RECORD

    def _log(self, sentence):
        """Say on the case what happened to the dispute."""
        self.ensure_one()
        # In sudo: who answers a dispute need not see its case. It stays their message.
        self.sudo().case_id._message_log(
            body=sentence
            % {
                "amount": self.currency_id.format(self.amount),
                "reason": self.reason_id.name,
            },
            message_type=TOLD_BY_COURSE,
        )

    def _note_on_record(self, kind, text):
        """Keep as evidence what happened to the dispute.

        Evidence is about contacts: it is noted with the one in which the debtor
        objected, else with the last one of the case that was made. A debtor who was
        never contacted has none: then only the case says what happened.

        :param str kind: of EVENT_KINDS
        :param text: what was said, as HTML
        """
        self.ensure_one()
        # In sudo: facts are the suite's own; who may do this was checked before.
        dispute_sudo = self.sudo()
        contact_sudo = dispute_sudo.contact_id or dispute_sudo._get_last_contact()
        contact_sudo._note_event(
            kind,
            facts={"dispute": self.id, "state": self.state},
            words={
                "reason": self.reason_id.name,
                "reference": self.reference or "",
                "items": [
                    [line.item_name, line.currency_id.format(line.amount)]
                    for line in dispute_sudo.line_ids
                ],
                "text": html2plaintext(text or ""),
            },
        )

    def _get_last_contact(self):
        """Return the last contact of the case that is no mere plan, empty if none."""
        return self.env["collection.contact"].search(
            [("case_id", "=", self.case_id.id), ("state", "not in", PLAN_STATES)],
            limit=1,
        )
