"""Copies posted documents and partners in SQL, as many times as asked for.

A seed is a set of documents that belong together, such as an invoice with its payment.
Its rows are read from the tables as they are; what must differ from copy to copy is
replaced, everything else keeps the value Odoo wrote. Columns are found in the database:
a module that adds one is no problem.

New ids are arithmetic, so that no statement has to look one up: row ``p`` of a seed's
``n`` rows in a table becomes ``first + n * copy + p``.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from odoo.tools import SQL

# Copies per statement: bounds what PostgreSQL remembers for its foreign keys.
BATCH_SIZE = 10_000

# Columns that point into the seed itself: (table, column) -> table
INTERNAL = {
    ("account_move", "origin_payment_id"): "account_payment",
    ("account_move_line", "move_id"): "account_move",
    ("account_move_line", "payment_id"): "account_payment",
    ("account_payment", "move_id"): "account_move",
    ("account_partial_reconcile", "debit_move_id"): "account_move_line",
    ("account_partial_reconcile", "credit_move_id"): "account_move_line",
    ("account_move__account_payment", "invoice_id"): "account_move",
    ("account_move__account_payment", "payment_id"): "account_payment",
    ("account_move_line_account_tax_rel", "account_move_line_id"): "account_move_line",
    (
        "account_account_tag_account_move_line_rel",
        "account_move_line_id",
    ): "account_move_line",
}
# Tables without an id, with the column that tells whether a row is the seed's
LINK_TABLES = {
    "account_move__account_payment": "payment_id",
    "account_move_line_account_tax_rel": "account_move_line_id",
    "account_account_tag_account_move_line_rel": "account_move_line_id",
}
INDEX_MEMORY = "256MB"
REF_PREFIX = "BULK"  # of the debtors' references
PARTNER_COLUMNS = ("partner_id", "commercial_partner_id", "partner_shipping_id")
NAME_COLUMNS = ("name", "move_name", "ref", "memo", "payment_reference")
MONEY_COLUMNS = {
    "account_move": (
        *("amount_untaxed", "amount_tax", "amount_total", "amount_residual"),
        *("amount_untaxed_signed", "amount_untaxed_in_currency_signed"),
        *("amount_tax_signed", "amount_total_signed"),
        *("amount_total_in_currency_signed", "amount_residual_signed"),
    ),
    "account_move_line": (
        *("debit", "credit", "balance", "amount_currency", "tax_base_amount"),
        *("amount_residual", "amount_residual_currency"),
        *("price_unit", "price_subtotal", "price_total"),
        *("discount_amount_currency", "discount_balance"),
    ),
    "account_payment": ("amount", "amount_company_currency_signed"),
    "account_partial_reconcile": (
        *("amount", "debit_amount_currency", "credit_amount_currency"),
    ),
}


@dataclass(frozen=True)
class Rows:
    """The rows of a seed in one table, and where the ids of their copies begin."""

    ids: list
    first: int

    def new_id(self, value):
        """Return the SQL of the copy's id for a row of the seed, or NULL."""
        return SQL(
            "%s + copy.number * %s + array_position(%s, %s) - 1",
            self.first,
            len(self.ids),
            self.ids,
            value,
        )


class Seed:
    """Posted documents that are copied together.

    Each move has a name series of its own, with the year between slashes in its prefix.
    What is matched within the seed is matched in part: a full match has a record of
    its own, which is not copied.

    :param moves: the documents, payments' entries included; all of one company
    """

    def __init__(self, moves):
        self.env = moves.env
        self.moves = moves.sorted("id")
        self.env.flush_all()
        lines = self.moves.line_ids
        self.records = {
            "account_move": self.moves,
            "account_payment": self.moves.origin_payment_id,
            "account_move_line": lines,
            "account_partial_reconcile": lines.matched_debit_ids,
        }
        if lines.full_reconcile_id:
            raise ValueError("a seed holds no fully matched lines")
        if len(set(self.moves.mapped("sequence_prefix"))) < len(self.moves):
            raise ValueError("the moves of a seed have different name prefixes")

    @cached_property
    def date(self):
        return self.moves[0].date

    @cached_property
    def open_lines(self):
        return self.moves.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable" and line.amount_residual > 0
            )
        )

    def multiply(self, plan, count):
        """Write ``count`` copies.

        :param SQL plan: a SELECT of one row per copy: ``number`` from 0 on,
            ``debtor_id``, ``shift`` (days all dates move) and ``factor`` (a whole
            number all amounts are multiplied by)
        """
        if not count:
            return
        self._name_copies(plan)
        rows = {
            table: Rows(
                records.sorted("id").ids,
                _reserve_ids(self.env.cr, table, len(records) * count),
            )
            for table, records in self.records.items()
            if records
        }
        with _without_foreign_keys(self.env.cr):
            for start in range(0, count, BATCH_SIZE):
                self._copy_batch(rows, start)
        self.env.cr.execute("DROP TABLE bulk_copy")
        self.env.invalidate_all()

    def _name_copies(self, plan):
        """Put the plan in a table, and number the documents of each year on."""
        moves = range(len(self.moves))
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE bulk_copy AS
                WITH copy AS (
                    SELECT plan.*, debtor.name AS debtor_name, %s
                      FROM (%s) plan JOIN res_partner debtor ON debtor.id = debtor_id
                ), numbered AS (
                    SELECT copy.*, %s FROM copy %s
                )
                SELECT *, %s FROM numbered
                """,
                SQL(", ").join(self._get_prefix_sql(index) for index in moves),
                plan,
                SQL(", ").join(self._get_number_sql(index) for index in moves),
                SQL(" ").join(self._get_standing_sql(index) for index in moves),
                SQL(", ").join(self._get_name_sql(index) for index in moves),
            )
        )
        self.env.cr.execute("CREATE UNIQUE INDEX ON bulk_copy (number)")
        self.env.cr.execute("ANALYZE bulk_copy")

    def _get_prefix_sql(self, index):
        move = self.moves[index]
        return SQL(
            "replace(%s, %s, to_char(%s::date + shift, '/YYYY/')) AS %s",
            move.sequence_prefix,
            f"/{move.date.year}/",
            move.date,
            SQL.identifier(f"prefix_{index}"),
        )

    def _get_number_sql(self, index):
        return SQL(
            "ROW_NUMBER() OVER (PARTITION BY %(prefix)s ORDER BY copy.number)"
            " + COALESCE(%(last)s, 0) AS %(sequence)s",
            prefix=SQL.identifier("copy", f"prefix_{index}"),
            last=SQL.identifier(f"standing_{index}", "last"),
            sequence=SQL.identifier(f"sequence_{index}"),
        )

    def _get_standing_sql(self, index):
        """Join the last number each series of the N-th move's journal has reached."""
        return SQL(
            """
            LEFT JOIN (
                SELECT sequence_prefix, MAX(sequence_number) AS last
                  FROM account_move WHERE journal_id = %(journal)s
                 GROUP BY sequence_prefix
            ) %(standing)s ON %(key)s = %(prefix)s
            """,
            journal=self.moves[index].journal_id.id,
            standing=SQL.identifier(f"standing_{index}"),
            key=SQL.identifier(f"standing_{index}", "sequence_prefix"),
            prefix=SQL.identifier("copy", f"prefix_{index}"),
        )

    def _get_name_sql(self, index):
        move = self.moves[index]
        return SQL(
            "%(prefix)s || lpad(%(number)s, greatest(%(width)s, length(%(number)s)),"
            " '0') AS %(name)s",
            prefix=SQL.identifier(f"prefix_{index}"),
            number=SQL("%s::text", SQL.identifier(f"sequence_{index}")),
            width=len(move.name) - len(move.sequence_prefix),
            name=SQL.identifier(f"name_{index}"),
        )

    def _copy_batch(self, rows, start):
        """Write the copies from number ``start`` on, in all tables at once.

        In one statement: a payment and its entry point to each other, and foreign keys
        are checked at its end.
        """
        inserts = [
            self._get_insert_sql(table, rows, start) for table in (*rows, *LINK_TABLES)
        ]
        self.env.cr.execute(
            SQL(
                "WITH %s SELECT",
                SQL(", ").join(
                    SQL("%s AS (%s)", SQL.identifier(f"insert_{index}"), insert)
                    for index, insert in enumerate(filter(None, inserts))
                ),
            )
        )

    def _get_insert_sql(self, table, rows, start):
        """Return the INSERT of a table, None when the seed has no row in it."""
        key = LINK_TABLES.get(table, "id")
        source = rows.get(INTERNAL.get((table, key), table))
        if not source:
            return None
        columns = _get_columns(self.env.cr, table)
        return SQL(
            """
            INSERT INTO %(table)s (%(columns)s)
            SELECT %(values)s
              FROM bulk_copy copy CROSS JOIN %(table)s source
             WHERE source.%(key)s = ANY(%(ids)s)
               AND copy.number >= %(start)s AND copy.number < %(end)s
            """,
            table=SQL.identifier(table),
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(
                self._get_value_sql(table, column, kind, rows)
                for column, kind in columns.items()
            ),
            key=SQL.identifier(key),
            ids=source.ids,
            start=start,
            end=start + BATCH_SIZE,
        )

    def _get_value_sql(self, table, column, kind, rows):
        """Return the SQL of a column of the copy, over ``source`` and ``copy``."""
        value = SQL.identifier("source", column)
        internal = table if column == "id" else INTERNAL.get((table, column))
        if internal:
            return rows[internal].new_id(value) if internal in rows else SQL("NULL")
        if column in PARTNER_COLUMNS:
            return SQL("CASE WHEN %s IS NOT NULL THEN copy.debtor_id END", value)
        if column in MONEY_COLUMNS.get(table, ()):
            return SQL("%s * copy.factor", value)
        if column in NAME_COLUMNS:
            return self._get_renamed_sql(value)
        if kind == "date":
            return SQL("%s + copy.shift", value)
        special = {
            "sequence_prefix": lambda: self._get_move_value_sql("prefix"),
            "sequence_number": lambda: self._get_move_value_sql("sequence"),
            "invoice_partner_display_name": lambda: SQL("copy.debtor_name"),
            "matching_number": lambda: self._get_matching_number_sql(value, rows),
            "access_token": lambda: SQL("NULL"),
        }
        return special[column]() if column in special else value

    def _get_renamed_sql(self, value):
        """Replace the names of the seed's moves wherever a text quotes them."""
        for index, move in enumerate(self.moves):
            value = SQL(
                "replace(%s, %s, %s)",
                value,
                move.name,
                SQL.identifier("copy", f"name_{index}"),
            )
        return value

    def _get_move_value_sql(self, what):
        return SQL(
            "CASE source.id %s END",
            SQL(" ").join(
                SQL(
                    "WHEN %s THEN %s",
                    move.id,
                    SQL.identifier("copy", f"{what}_{index}"),
                )
                for index, move in enumerate(self.moves)
            ),
        )

    def _get_matching_number_sql(self, value, rows):
        """A line matched in part carries the number of its (last) partial match."""
        if "account_partial_reconcile" not in rows:
            return SQL("NULL")
        return SQL(
            "'P' || (%s)",
            rows["account_partial_reconcile"].new_id(
                SQL("substr(%s, 2)::integer", value)
            ),
        )


def multiply_partners(templates, count):
    """Write ``count`` companies like the templates, in turn.

    :return: the id of the first; the others follow
    :rtype: int
    """
    env = templates.env
    env.flush_all()
    columns = _get_columns(env.cr, "res_partner")
    first = _reserve_ids(env.cr, "res_partner", count)
    name = SQL("source.name || to_char(copy.number + 1, ' FM0000000')")
    email = SQL("'debtor' || %s + copy.number || '@debtors.example'", first)
    values = {
        "id": SQL("%s + copy.number", first),
        "commercial_partner_id": SQL("%s + copy.number", first),
        "name": name,
        "complete_name": name,
        "commercial_company_name": name,
        "ref": SQL("%s || to_char(copy.number + 1, 'FM0000000')", REF_PREFIX),
        "email": email,
        "email_normalized": email,
    }
    env.cr.execute(
        SQL(
            """
            INSERT INTO res_partner (%(columns)s)
            SELECT %(values)s
              FROM generate_series(0, %(count)s - 1) AS copy(number)
              JOIN res_partner source
                ON source.id = (%(templates)s)[copy.number %% %(kinds)s + 1]
             ORDER BY copy.number
            """,
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(
                values.get(column, SQL.identifier("source", column))
                for column in columns
            ),
            count=count,
            templates=templates.ids,
            kinds=len(templates),
        )
    )
    env.invalidate_all()
    return first


@contextmanager
def _without_foreign_keys(cr):
    """Let PostgreSQL skip the foreign keys, where the role has the right to.

    A copy points to what its seed points to, to a debtor that was just written, or to
    rows of the same statement. Two thirds of the time go into checking that.
    """
    cr.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    [allowed] = cr.fetchone()
    if allowed:
        cr.execute("SET LOCAL session_replication_role = replica")
    yield
    if allowed:
        cr.execute("SET LOCAL session_replication_role = DEFAULT")


@contextmanager
def without_indexes(cr, tables):
    """Drop the indexes of the tables, and build them anew at the end.

    For many rows: to add to twenty indexes row by row takes longer than to sort each
    once. Nobody else can use the tables until the transaction ends. What keeps rows
    unique stays.
    """
    cr.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
         WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique
        """,
        [list(tables)],
    )
    indexes = cr.fetchall()
    for name, _definition in indexes:
        cr.execute(SQL("DROP INDEX %s", SQL(name)))
    yield
    cr.execute("SET LOCAL maintenance_work_mem = %s", [INDEX_MEMORY])
    for _name, definition in indexes:
        cr.execute(SQL(definition.replace("%", "%%")))


def _get_columns(cr, table):
    """Return ``{column: type}`` of the columns a row is written with."""
    cr.execute(
        """
        SELECT column_name, data_type FROM information_schema.columns
         WHERE table_schema = current_schema AND table_name = %s
           AND is_generated = 'NEVER'
        """,
        [table],
    )
    return dict(cr.fetchall())


def _reserve_ids(cr, table, count):
    """Take ``count`` successive ids from the table's sequence; return the first."""
    cr.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
    [first] = cr.fetchone()
    cr.execute(
        "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
        [table, first + max(count, 1) - 1],
    )
    return first
