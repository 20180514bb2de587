"""Keep of earlier disputes what credit notes had taken off the items before them.

It is not for the dispute. What is still to be credited is found by the engine, which
gives somebody the task.
"""


def migrate(cr, version):
    if not version:
        return
    # Matched before the dispute was recorded.
    cr.execute(
        """
        UPDATE collection_dispute_line line SET settled_before = earlier.units
          FROM (
            SELECT refunded.id, JSONB_OBJECT_AGG(credit_id, units) AS units
              FROM (
                SELECT line.id, partial.credit_move_id AS credit_id,
                       ROUND(SUM(partial.debit_amount_currency)
                             / currency.rounding)::bigint AS units
                  FROM collection_dispute_line line
                  JOIN collection_item item ON item.id = line.item_id
                  JOIN account_move_line debit ON debit.id = item.move_line_id
                  JOIN res_currency currency ON currency.id = debit.currency_id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = debit.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move refund ON refund.id = credit.move_id
                 WHERE partial.create_date < line.create_date
                   AND line.settled_before IS NULL
                   AND (refund.move_type = 'out_refund'
                        OR refund.reversed_entry_id = debit.move_id)
                 GROUP BY line.id, partial.credit_move_id, currency.rounding
              ) refunded
             GROUP BY refunded.id
          ) earlier
         WHERE earlier.id = line.id
        """
    )
