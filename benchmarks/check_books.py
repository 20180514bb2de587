"""Proves that books are what Odoo would have written."""

from odoo.tools import SQL, float_compare

# Each finds what must not be: (what is wrong, SELECT of the offending ids).
RULES = (
    (
        "journal entries that do not balance",
        """
        SELECT move_id FROM account_move_line WHERE company_id = %(company)s
         GROUP BY move_id HAVING SUM(balance) <> 0
        """,
    ),
    (
        "lines whose balance is not debit less credit",
        """
        SELECT id FROM account_move_line
         WHERE company_id = %(company)s AND balance <> debit - credit
        """,
    ),
    (
        "receivable lines whose open amount is not what their matches leave",
        """
        SELECT line.id FROM account_move_line line
          JOIN account_account account ON account.id = line.account_id
     LEFT JOIN (
            SELECT debit_move_id AS id, SUM(amount) AS matched,
                   SUM(debit_amount_currency) AS matched_currency
              FROM account_partial_reconcile GROUP BY debit_move_id
             UNION ALL
            SELECT credit_move_id, -SUM(amount), -SUM(credit_amount_currency)
              FROM account_partial_reconcile GROUP BY credit_move_id
          ) partial ON partial.id = line.id
         WHERE line.company_id = %(company)s
           AND account.account_type = 'asset_receivable'
           AND (line.amount_residual <> line.balance - COALESCE(matched, 0)
                OR line.amount_residual_currency
                   <> line.amount_currency - COALESCE(matched_currency, 0)
                OR line.reconciled <> (line.amount_residual = 0))
        """,
    ),
    (
        "documents whose open amount is not that of their receivable lines",
        """
        SELECT move.id FROM account_move move
          JOIN account_move_line line ON line.move_id = move.id
         WHERE move.company_id = %(company)s AND line.display_type = 'payment_term'
         GROUP BY move.id
        HAVING SUM(line.amount_residual) <> move.amount_residual_signed
            OR SUM(line.balance) <> move.amount_total_signed
        """,
    ),
    (
        "lines that differ from their document in partner, date, name or state",
        """
        SELECT line.id FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
         WHERE line.company_id = %(company)s
           AND (line.partner_id, line.date, line.move_name, line.parent_state,
                line.journal_id, line.company_id)
               IS DISTINCT FROM
               (move.commercial_partner_id, move.date, move.name, move.state,
                move.journal_id, move.company_id)
        """,
    ),
    (
        "documents whose name is not prefix and number, or has another year",
        """
        SELECT id FROM account_move
         WHERE company_id = %(company)s AND state = 'posted'
           AND (name !~ ('^' || sequence_prefix || '0*' || sequence_number || '$')
                OR sequence_prefix NOT LIKE to_char(date, '%%/YYYY/'))
        """,
    ),
    (
        "document names with gaps",
        """
        SELECT MIN(id) FROM account_move
         WHERE company_id = %(company)s AND state = 'posted'
         GROUP BY journal_id, sequence_prefix
        HAVING MAX(sequence_number) <> COUNT(*)
        """,
    ),
    (
        "payments that differ from their entry",
        """
        SELECT payment.id FROM account_payment payment
          JOIN account_move move ON move.id = payment.move_id
         WHERE payment.company_id = %(company)s
           AND (payment.id, payment.name, payment.partner_id, payment.date,
                payment.amount_company_currency_signed)
               IS DISTINCT FROM
               (move.origin_payment_id, move.name, move.partner_id, move.date,
                move.amount_total_signed)
        """,
    ),
)
SAMPLE_SIZE = 20
COMPUTED = {
    "account.move": (
        *("amount_total", "amount_residual", "amount_tax", "amount_residual_signed"),
        *("payment_state", "invoice_date_due", "commercial_partner_id"),
    ),
    "account.move.line": (
        *("amount_residual", "amount_residual_currency", "reconciled"),
        *("price_subtotal", "price_total", "debit", "credit"),
    ),
}


def check_books(company):
    """Return the sentences that say what is wrong; none when all is well."""
    company.env.flush_all()
    return [
        *_check_rules(company),
        *_check_foreign_keys(company.env),
        *_check_partner_sums(company),
        *_check_computed_fields(company),
    ]


def _check_rules(company):
    for sentence, query in RULES:
        company.env.cr.execute(query, {"company": company.id})
        ids = [row_id for [row_id] in company.env.cr.fetchall()]
        if ids:
            yield f"{len(ids)} {sentence}, such as {ids[0]}"


def _check_foreign_keys(env):
    """The copies are written without these checks, see ``copier``."""
    env.cr.execute(
        """
        SELECT conrelid::regclass::text, referred.attname, confrelid::regclass::text
          FROM pg_constraint
          JOIN pg_attribute referred
            ON referred.attrelid = conrelid AND referred.attnum = conkey[1]
         WHERE contype = 'f' AND conrelid::regclass::text IN (
               'account_move', 'account_move_line', 'account_payment',
               'account_partial_reconcile', 'account_move__account_payment',
               'account_move_line_account_tax_rel', 'res_partner'
         )
        """
    )
    for table, column, target in env.cr.fetchall():
        env.cr.execute(
            SQL(
                "SELECT COUNT(*) FROM %(table)s source WHERE %(column)s IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM %(target)s WHERE id = %(column)s)",
                table=SQL.identifier(table),
                column=SQL.identifier("source", column),
                target=SQL.identifier(target),
            )
        )
        [count] = env.cr.fetchone()
        if count:
            yield f"{count} rows of {table} whose {column} does not exist"


def _check_partner_sums(company):
    """Odoo's sum per debtor is that of what was invoiced less what was matched."""
    groups = company.env["account.move.line"]._read_group(
        [
            ("company_id", "=", company.id),
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
        ],
        ["partner_id"],
        ["amount_residual:sum"],
    )
    company.env.cr.execute(
        """
        SELECT line.partner_id, SUM(line.balance)
          FROM account_move_line line
          JOIN account_account account ON account.id = line.account_id
         WHERE line.company_id = %s AND account.account_type = 'asset_receivable'
           AND line.parent_state = 'posted'
         GROUP BY line.partner_id
        """,
        [company.id],
    )
    posted = {partner: float(balance) for partner, balance in company.env.cr.fetchall()}
    for partner, residual in groups:
        # A match takes the same from both sides: a debtor's sum stays.
        if float_compare(residual, posted.pop(partner.id, 0.0), precision_digits=2):
            yield f"the open amount of partner {partner.id} is not what was posted"
    for partner_id in posted:
        yield f"Odoo does not see the lines of partner {partner_id}"


def _check_computed_fields(company):
    """Odoo computes the same values as the copies hold."""
    for model, names in COMPUTED.items():
        records = _get_sample(company.env[model], company)
        for name in names:
            field = records._fields[name]
            before = records.mapped(lambda record, name=name: record[name])
            company.env.add_to_compute(field, records)
            after = records.mapped(lambda record, name=name: record[name])
            if before != after:
                yield f"{model}.{name} of {records.ids} computed again is different"


def _get_sample(model, company):
    """Return records spread evenly over the posted ones."""
    ids = model.search(
        [
            ("company_id", "=", company.id),
            ("parent_state" if "parent_state" in model else "state", "=", "posted"),
        ],
        order="id",
    ).ids
    return model.browse(ids[:: max(len(ids) // SAMPLE_SIZE, 1)])
