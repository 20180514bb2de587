"""By which steps, and at which address, a debtor is reached."""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_due_steps_sql(self, scope):
        """Return a SELECT of the steps that apply to the due stage of each ``subject``.

        ``channel`` is how the step reaches the debtor: its own channel, else its
        fallback, NULL when neither has an address. A task needs none.
        """
        return SQL(
            """
            SELECT subject.*, step.id AS step_id, step.sequence AS step_sequence,
                   reach.channel,
                   CASE WHEN reach.channel = step.channel THEN direct.partner_id
                        ELSE fallback.partner_id END AS address_partner_id
              FROM subject
              JOIN collection_step step
                ON step.stage_id = subject.due_stage_id
               AND (step.delay_days > 0) = subject.is_late_step
         LEFT JOIN address direct
                ON direct.debtor_id = subject.partner_id
               AND direct.channel = step.channel
         LEFT JOIN address fallback
                ON fallback.debtor_id = subject.partner_id
               AND fallback.channel = step.fallback_channel
         LEFT JOIN LATERAL (%(last_contact)s) last_contact ON TRUE
        CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN step.channel = 'task' OR direct.partner_id IS NOT NULL
                         THEN step.channel
                    WHEN step.fallback_channel = 'task'
                         OR fallback.partner_id IS NOT NULL
                         THEN step.fallback_channel END AS channel
              ) reach
             WHERE %(condition)s
               AND (NOT subject.is_late_step OR EXISTS (%(late_items)s))
            """,
            last_contact=self._get_last_contact_sql(),
            condition=self._get_step_condition_sql(),
            late_items=self._get_late_items_sql(scope),
        )

    def _get_late_items_sql(self, scope):
        """Return a SELECT of the items of ``subject`` for which a late step is due."""
        return SQL(
            """
            SELECT 1 FROM late_step, collection_item item
             WHERE late_step.id = step.id AND item.case_id = subject.case_id
               AND item.state = 'open' AND item.stage_id = late_step.stage_id
               AND (subject.move_id IS NULL OR item.move_id = subject.move_id)
               AND (subject.branch_id IS NULL OR subject.branch_id = (
                    SELECT company_id FROM account_move WHERE id = item.move_id))
               AND %s
            """,
            self._get_late_step_condition_sql(scope),
        )

    # STEPS

    def _get_last_contact_sql(self):
        """Return a SELECT of the last message about ``subject`` the debtor really got.

        A dunning message or reminder of the engine: neither a call or message of a
        person, nor thanks, nor the reminder of a promise. What was about all of the
        debtor was about each of its invoices and branches. Nothing is looked up where
        no step asks what the debtor did.
        """
        return SQL(
            """
            SELECT contact.date_opened, contact.date_clicked, contact.date_replied
              FROM collection_contact contact
             WHERE contact.case_id = subject.case_id AND contact.state = 'sent'
               AND contact.stage_id IS NOT NULL AND contact.user_id IS NULL
               AND contact.channel <> 'task' AND step.condition <> 'always'
               AND (subject.move_id IS NULL OR contact.move_id IS NULL
                    OR contact.move_id = subject.move_id)
               AND (subject.branch_id IS NULL OR contact.branch_id IS NULL
                    OR contact.branch_id = subject.branch_id)
             ORDER BY contact.id DESC LIMIT 1
            """
        )

    def _get_step_condition_sql(self):
        """Return the SQL condition that ``step`` applies, over ``last_contact``.

        See ``const.CONDITIONS``. Without a message before, the debtor did nothing.
        """
        return SQL(
            """
            CASE step.condition
                 WHEN 'not_opened' THEN last_contact.date_opened IS NULL
                                    AND last_contact.date_clicked IS NULL
                                    AND last_contact.date_replied IS NULL
                 WHEN 'opened' THEN last_contact.date_opened IS NOT NULL
                 WHEN 'clicked' THEN last_contact.date_clicked IS NOT NULL
                 WHEN 'replied' THEN last_contact.date_replied IS NOT NULL
                 WHEN 'nothing' THEN last_contact.date_clicked IS NULL
                                 AND last_contact.date_replied IS NULL
                 WHEN 'promised' THEN EXISTS (
                      SELECT 1 FROM collection_promise promise
                       WHERE promise.case_id = subject.case_id
                         AND promise.state = 'open')
                 WHEN 'broke_promise' THEN EXISTS (
                      SELECT 1 FROM collection_case broken
                       WHERE broken.id = subject.case_id
                         AND broken.broken_promise_count > 0)
                 ELSE TRUE END
            """
        )

    # ADDRESSES

    def _get_addresses_sql(self, debtors):
        """Return a SELECT of who receives each channel's messages of each debtor.

        The debtor's collections contact comes first, then the invoice address, then
        the debtor; the first of them with an address wins.

        :param SQL debtors: a SELECT of the debtors, as ``partner_id``
        :return: SQL of debtor_id, channel and partner_id
        """
        return SQL(
            """
            SELECT DISTINCT ON (debtor.id, means.channel)
                   debtor.id AS debtor_id, means.channel, person.id AS partner_id
              FROM (%(debtors)s) wanted
              JOIN res_partner debtor ON debtor.id = wanted.partner_id
              JOIN res_partner person
                ON person.commercial_partner_id = debtor.id AND person.active
               AND (person.id IN (debtor.id, debtor.collection_contact_id)
                    OR person.type = 'invoice')
        CROSS JOIN LATERAL (%(means)s) means
             ORDER BY debtor.id, means.channel,
                      person.id = debtor.collection_contact_id DESC NULLS LAST,
                      (person.id <> debtor.id) DESC, person.id
            """,
            debtors=debtors,
            means=SQL(" UNION ALL ").join(
                SQL("SELECT %s AS channel WHERE %s", channel, condition)
                for channel, condition in self._get_address_conditions().items()
            ),
        )

    def _get_address_conditions(self):
        """Return {channel: SQL condition that ``person`` has an address for it}.

        An address from which a message came back counts as none. Modules that add a
        channel add its condition.
        """
        return {
            "email": SQL(
                """
                person.email_normalized IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1 FROM collection_contact bounced
                     WHERE bounced.address_partner_id = person.id
                       AND bounced.is_bounced AND bounced.channel = 'email'
                       AND person.email_normalized = ANY(
                           string_to_array(bounced.address, ', ')
                       )
                )
                """
            ),
            "letter": SQL("person.street IS NOT NULL AND person.city IS NOT NULL"),
        }
