"""The truth: what a message says is compared with the ledger right before it leaves."""

from odoo import fields, models
from odoo.tools import SQL


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _check_truth(self):
        """Read the ledger again; drop what is not owed, or not due, any more.

        :return: the contacts that still say what they were planned to say
        """
        if not self:
            return self
        self._sync_debtors()
        self._drop_settled_in_queue()
        self._remove_settled_lines()
        reasons = self._get_drop_reasons()
        for code, contacts in self.grouped(
            lambda contact: reasons.get(contact.id)
        ).items():
            if code:
                contacts._set_dropped(self._get_drop_sentences()[code])
        return self.filtered(lambda contact: not reasons.get(contact.id))

    def _sync_debtors(self):
        """Bring the items of these debtors in line with the ledger, as a run does."""
        for company, contacts in self.grouped("company_id").items():
            # In sudo: the engine reads the whole company's books.
            engine = self.env["collection.engine"].sudo().with_company(company)
            scope = engine._get_scope(company, tuple(contacts.partner_id.ids))
            engine._sync(scope)
            engine._sum_up(scope)

    def _remove_settled_lines(self):
        """Take out of the contacts what is not to be asked for, and renew amounts.

        What they ask for is what a run would let them ask for by now.
        """
        self.env.flush_all()
        amounts = self.env["collection.engine"]._get_told_amounts_sql()
        self.env.execute_query(
            SQL(
                """
                WITH judged AS MATERIALIZED (%(judged)s),
                removed AS (
                    DELETE FROM collection_contact_line told USING judged
                     WHERE told.id = judged.id
                       AND NOT (judged.climbs OR judged.is_listed)
                )
                UPDATE collection_contact_line told
                   SET stage_id = CASE WHEN judged.climbs THEN told.stage_id END,
                       is_counted = told.is_counted AND judged.climbs,
                       %(renewed)s
                  FROM judged
                  JOIN collection_item item ON item.id = judged.item_id
                 WHERE told.id = judged.id AND (judged.climbs OR judged.is_listed)
                   AND (told.stage_id IS NOT NULL AND NOT judged.climbs
                        OR (%(known)s) IS DISTINCT FROM (%(now)s))
                RETURNING told.id
                """,
                judged=self._get_judged_lines_sql(),
                renewed=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), amount)
                    for name, amount in amounts.items()
                ),
                known=SQL(", ").join(
                    SQL("COALESCE(%s, 0)", SQL.identifier("told", name))
                    for name in amounts
                ),
                now=SQL(", ").join(amounts.values()),
            )
        )
        self.env["collection.contact.line"].invalidate_model()
        self.invalidate_recordset(["line_ids"])

    def _get_judged_lines_sql(self):
        """Return a SELECT of the lines with what a run would make of them today.

        ``climbs``: the stage that the line names is due for the item; ``is_listed``: it
        is due, and asked for as well. A reminder lists only what it is about, and is
        never sent late.
        """
        engine = self.env["collection.engine"]
        return SQL(
            """
            SELECT told.id, told.item_id,
                   COALESCE(item.is_open AND item.chased > item.tolerance
                            AND item.date_due + stage.days <= %(date)s
                            AND (stage.days >= 0 OR item.date_due > %(date)s), FALSE)
                       AS climbs,
                   item.is_open AND item.asked > item.tolerance
                       AND COALESCE(worded.days, 0) >= 0 AND item.date_due <= %(date)s
                       AS is_listed
              FROM collection_contact_line told
              JOIN collection_contact contact ON contact.id = told.contact_id
         LEFT JOIN collection_stage worded ON worded.id = contact.stage_id
         LEFT JOIN collection_stage stage ON stage.id = told.stage_id
        CROSS JOIN LATERAL (
                SELECT item.state = 'open' AND item.case_id = contact.case_id
                           AS is_open,
                       item.date_due, %(chased)s AS chased,
                       item.amount_residual - %(agreed)s AS asked,
                       COALESCE(strategy.tolerance_amount, 0) AS tolerance
                  FROM collection_item item
                  JOIN collection_case cases ON cases.id = item.case_id
             LEFT JOIN collection_strategy strategy
                    ON strategy.id = COALESCE(item.strategy_id, cases.strategy_id)
                 WHERE item.id = told.item_id
              ) item
             WHERE told.contact_id = ANY(%(contacts)s)
            """,
            contacts=self.ids,
            date=fields.Date.context_today(self),
            chased=engine._get_chased_sql(),
            agreed=engine._get_agreed_sql(),
        )

    def _get_drop_sentences(self):
        """Return {code: why a planned contact is not sent after all}."""
        return {
            "test": self.env._("The company is in test mode."),
            "hold": self.env._("The case was put on hold."),
            "replied": self.env._("The debtor replied: somebody looks at it first."),
            "settled": self.env._("Paid, credited, excluded or not due any more."),
            "agreed": self.env._("What is left is promised, disputed or on hold."),
            "minimum": self.env._("What is left is below the minimum amount."),
            "stage": self.env._(
                "What is left is at another stage: the next run plans it anew."
            ),
        }

    def _get_drop_reasons(self):
        """Return {contact id: code of ``_get_drop_sentences``, None to send it}."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT contact.id, CASE
                           WHEN company.collection_test_mode THEN 'test'
                           WHEN cases.hold_date >= %(date)s THEN 'hold'
                           WHEN cases.reply_date IS NOT NULL
                                AND company.collection_pause_on_reply THEN 'replied'
                           WHEN contact.stage_id IS NULL THEN NULL
                           WHEN told.stage_id IS NULL THEN 'settled'
                           WHEN told.stage_id <> contact.stage_id THEN 'stage'
                           WHEN asked.amount < strategy.minimum_amount THEN 'minimum'
                           END
                      FROM collection_contact contact
                      JOIN collection_case cases ON cases.id = contact.case_id
                      JOIN res_company company ON company.id = contact.company_id
                 LEFT JOIN collection_strategy strategy
                        ON strategy.id = %(leading)s
                 LEFT JOIN LATERAL (
                        SELECT line.stage_id
                          FROM collection_contact_line line
                          JOIN collection_stage stage ON stage.id = line.stage_id
                         WHERE line.contact_id = contact.id
                         ORDER BY %(place)s DESC LIMIT 1
                      ) told ON TRUE
                 LEFT JOIN LATERAL (
                        SELECT COALESCE(SUM(%(chased)s), 0) AS amount
                          FROM collection_item item
                         WHERE item.case_id = contact.case_id AND item.state = 'open'
                           AND (item.date_due < %(date)s OR EXISTS (
                               SELECT 1 FROM collection_contact_line line
                                WHERE line.contact_id = contact.id
                                  AND line.item_id = item.id
                           ))
                      ) asked ON strategy.minimum_amount > 0
                     WHERE contact.id IN %(contacts)s
                    """,
                    contacts=tuple(self.ids),
                    date=fields.Date.context_today(self),
                    chased=self.env["collection.engine"]._get_chased_sql(),
                    leading=self.env["collection.engine"]._get_leading_strategy_sql(),
                    place=self.env["collection.stage"]._get_place_sql("stage"),
                )
            )
        )
