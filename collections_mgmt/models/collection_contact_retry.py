"""Trying again what failed."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def action_retry_failed(self):
        """Try failed messages again; those that cannot be say why."""
        self._check_may_act()
        failed = self.filtered(lambda contact: contact.state == "failed")
        if not failed:
            raise UserError(self.env._("None of these messages failed."))
        # In sudo: contacts belong to the engine; access was checked above.
        retried = failed.sudo()._retry()
        if retried:
            self._trigger_delivery()
        return self._notify(
            self.env._(
                "%(retried)s are tried again; %(kept)s stay failed, with the reason.",
                retried=len(retried),
                kept=len(failed) - len(retried),
            )
        )

    def _retry(self):
        """Plan failed contacts anew, unless it makes no sense.

        :return: the contacts that are on their way again
        """
        came_back = self._get_at_bounced_addresses()
        candidates = self - came_back
        done = candidates - candidates._take_steps()
        came_back._keep_failed(
            self.env._("Messages to this address came back: correct it first.")
        )
        done._keep_failed(
            self.env._(
                "Not tried again: the step was done for these items in the meantime."
            )
        )
        mails = self.mail_mail_id
        moved = (candidates - done)._move_at_once(
            ("failed",),
            "planned",
            date_done=None,
            reason=None,
            is_bounced=False,
            mail_mail_id=None,
        )
        # Nobody shall send the old mail from the outgoing queue as well.
        (mails - self.mail_mail_id).filtered(
            lambda mail: mail.state in ("outgoing", "exception")
        ).cancel()
        moved._tell_cases("queued")
        return moved

    def _keep_failed(self, reason):
        self._move_at_once(("failed",), "failed", reason=reason)

    def _get_at_bounced_addresses(self):
        """Return the contacts whose recipient has an address that sends mail back."""
        address_by_contact = {
            contact: contact._get_current_address() for contact in self
        }
        came_back = {
            (contact.channel, contact.address)
            for contact in self.search(
                [
                    ("is_bounced", "=", True),
                    ("address", "in", [*filter(None, address_by_contact.values())]),
                ]
            )
        }
        return self.filtered(
            lambda contact: (contact.channel, address_by_contact[contact]) in came_back
        )

    def _get_current_address(self):
        """Return what the contact's recipient has as address today, or False."""
        self.ensure_one()
        return self.channel == "email" and self.address_partner_id.email_normalized

    def _take_steps(self):
        """Let the lines count again as their steps', where no other contact took them.

        Of two contacts that failed at the same step, the later takes it.

        :return: the contacts that have something left to say
        """
        self.env.flush_all()
        taken = self.env.execute_query(
            SQL(
                """
                WITH free AS (
                    SELECT line.id,
                           ROW_NUMBER() OVER (
                               PARTITION BY line.item_id, line.stage_id, line.step_id
                               ORDER BY line.contact_id DESC
                           ) AS rank
                      FROM collection_contact_line line
                     WHERE line.contact_id = ANY(%s)
                       AND line.stage_id IS NOT NULL AND line.is_counted IS NOT TRUE
                       AND NOT EXISTS (
                           SELECT 1 FROM collection_contact_line other
                            WHERE other.item_id = line.item_id AND other.is_counted
                              AND other.stage_id = line.stage_id
                              AND other.step_id = line.step_id
                       )
                )
                UPDATE collection_contact_line line SET is_counted = TRUE
                  FROM free WHERE line.id = free.id AND free.rank = 1
                RETURNING line.contact_id
                """,
                self.ids,
            )
        )
        self.env["collection.contact.line"].invalidate_model(["is_counted"])
        # A message of no stage, such as thanks, takes no step.
        return self.filtered(lambda contact: not contact.stage_id) | self.browse(
            {contact_id for [contact_id] in taken}
        )
