"""The multiplied books of the benchmark are what Odoo itself would have written."""

import pytest

ITEMS = 400
IMPORTS = """
        from benchmarks.bulk_books import BulkBooks
        from benchmarks.check_books import check_books
        from odoo.tools import SQL
"""


@pytest.fixture(scope="module")
def books(own_db):
    """Books of 400 open items of 40 debtors; what was written."""
    own_db.summary = own_db.shell(
        f"""
        {IMPORTS}
        summary = BulkBooks(env.company).build({ITEMS})
        env.cr.commit()
        result(vars(summary))
        """
    )
    return own_db


def test_so_much_is_open_as_was_asked_for(books):
    found = books.shell(
        """
        lines = env["account.move.line"].search([
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("amount_residual", "!=", 0),
        ])
        owed = lines.filtered(lambda line: line.amount_residual > 0)
        days = [(today - line.date_maturity).days for line in owed]
        result({
            "owed": len(owed),
            "debtors": len(owed.partner_id),
            "late": sum(day > 0 for day in days) / len(owed),
            "days": [min(days), max(days)],
            "foreign": sum(
                line.currency_id != env.company.currency_id for line in owed
            ) / len(owed),
            "instalments": sum("installment" in line.name for line in owed) / len(owed),
            "part_paid": len(owed.filtered("matched_credit_ids")),
            "credits": len(lines - owed),
            "kinds": sorted(set(owed.mapped("display_type"))),
            "terms": all(owed.move_id.mapped("invoice_payment_term_id")),
            "latest": max(lines.mapped("date")) == today,
        })
        """
    )
    assert books.summary["items"] == found["owed"] == ITEMS
    assert books.summary["debtors"] == found["debtors"] == ITEMS / 10
    assert books.summary["part_paid"] == found["part_paid"]
    assert books.summary["credits"] == found["credits"]
    assert found["late"] == pytest.approx(0.57, abs=0.06)
    assert found["foreign"] == pytest.approx(0.20, abs=0.01)
    assert found["instalments"] == pytest.approx(0.16, abs=0.01)
    assert found["part_paid"] == pytest.approx(0.08 * ITEMS, abs=1)
    assert found["credits"] == pytest.approx(0.03 * ITEMS, abs=1)
    assert found["days"][0] >= -60
    assert found["days"][1] <= 180
    assert found["kinds"] == ["payment_term"]
    assert found["terms"] and found["latest"]


def test_books_balance_and_odoo_computes_the_same(books):
    problems = books.shell(
        f"""
        {IMPORTS}
        result(check_books(env.company))
        """
    )
    assert problems == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE account_move_line SET balance = balance + 1 WHERE id = %s",
        "UPDATE account_move_line SET amount_residual = 1 WHERE id = %s",
        "UPDATE account_move_line SET partner_id = 1 WHERE id = %s",
        "DELETE FROM account_move WHERE id = (SELECT move_id FROM account_move_line"
        " WHERE id = %s)",
    ],
)
def test_the_check_sees_what_is_wrong(books, damage):
    problems = books.shell(
        f"""
        {IMPORTS}
        sample = env["account.move.line"].search([], order="id").ids
        line = env["account.move.line"].search([
            ("display_type", "=", "payment_term"),
            ("id", "in", sample[::max(len(sample) // 20, 1)]),
        ], limit=1)
        # As a hand in the database does that minds no reference.
        for table, reference in env.execute_query(SQL(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid = 'account_move'::regclass"
        )):
            env.cr.execute(SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL(table), SQL.identifier(reference),
            ))
        env.cr.execute({damage!r}, [line.id])
        env.invalidate_all()
        result(check_books(env.company))
        """
    )
    assert problems


def test_every_kind_of_invoice_can_be_paid_through_the_wizard(books):
    paid = books.shell(
        f"""
        {IMPORTS}
        invoices = env["account.move"].search([
            ("move_type", "=", "out_invoice"), ("payment_state", "!=", "paid"),
        ])
        foreign = invoices.filtered(
            lambda move: move.currency_id != env.company.currency_id)
        terms = invoices.filtered(
            lambda move: len(move.invoice_payment_term_id.line_ids) == 2)
        partial = invoices.filtered(lambda move: move.payment_state == "partial")
        states, entries = [], env["account.move"].search_count([])
        for invoice in (foreign[1], terms[1], partial[1], (invoices - foreign)[1]):
            env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({{"amount": invoice.amount_residual}})._create_payments()
            states.append([invoice.payment_state, invoice.amount_residual])
        result({{
            "states": states,
            "entries": env["account.move"].search_count([]) - entries,
            "problems": check_books(env.company),
        }})
        """
    )
    assert paid["states"] == [["paid", 0]] * 4
    # One payment each, and no entry for an exchange difference.
    assert paid["entries"] == 4
    assert paid["problems"] == []


def test_odoo_goes_on_numbering_where_the_copies_end(books):
    gap = books.shell(
        """
        invoice = overdue_invoice("Next One", "next@example.com", 5)
        env.cr.execute(
            "SELECT MAX(sequence_number) FROM account_move WHERE id <> %s"
            "   AND journal_id = %s AND sequence_prefix = %s",
            [invoice.id, invoice.journal_id.id, invoice.sequence_prefix])
        result(invoice.sequence_number - (env.cr.fetchone()[0] or 0))
        """
    )
    assert gap == 1


def test_another_day_brings_invoices_and_payments(books):
    day = books.shell(
        f"""
        {IMPORTS}
        tomorrow = today + timedelta(days=1)
        books = BulkBooks(env.company)
        books.add_invoices(25, tomorrow)
        books.pay_invoices(5, tomorrow)
        moves = env["account.move"].search([("date", "=", tomorrow)])
        result({{
            "invoices": len(moves.filtered(lambda move: move.is_invoice())),
            "payments": len(moves.origin_payment_id),
            "problems": check_books(env.company),
        }})
        """
    )
    # The copies, and the one they were made from on the day it was posted.
    assert day == {"invoices": 25, "payments": 5, "problems": []}


def test_the_same_call_writes_the_same_books(books):
    digests = books.shell(
        f"""
        {IMPORTS}

        def digest():
            first = max(env["res.partner"].search([]).ids)
            BulkBooks(env.company).build(200)
            env.cr.execute(
                "SELECT partner.ref, line.date_maturity, line.amount_residual"
                "  FROM account_move_line line"
                "  JOIN res_partner partner ON partner.id = line.partner_id"
                " WHERE partner.id > %s AND line.amount_residual <> 0 ORDER BY 1, 2, 3",
                [first])
            rows = env.cr.fetchall()
            env.cr.rollback()
            return [str(row) for row in rows]

        first, second = digest(), digest()
        result([len(first), first == second])
        """
    )
    assert digests[0] > 200
    assert digests[1]


def test_the_engine_follows_the_multiplied_books(books):
    run = books.shell(
        """
        run = env["collection.run"]._plan(env.company)
        result({
            # Some were opened before: the first debtor's payment was followed at once.
            "items": env["collection.item"].search_count([("state", "=", "open")]),
            "cases": run.case_count,
            "decided": sum(run.decision_ids.mapped("case_count")),
        })
        """
    )
    assert run == {"items": ITEMS, "cases": ITEMS / 10, "decided": ITEMS / 10}
