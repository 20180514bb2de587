"""Books of any size: a few real documents, multiplied in SQL.

A handful of invoices, credit notes and payments is posted through Odoo, so that every
column holds what Odoo writes there. Then each is copied many times, set-based, with
another debtor, date, number and amount. The result works with everything in Odoo: it
can be opened, paid, reconciled and reported.

    books = BulkBooks(env.company)
    summary = books.build(items=100_000)    # open receivable lines, 10 per debtor
    books.add_invoices(1_000)               # what another day brings

Nothing is random: the same call on the same day writes the same books. The company
needs a chart of accounts. The caller commits.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from odoo import Command, fields
from odoo.tools import SQL

from .copier import Seed, multiply_partners

ITEMS_PER_DEBTOR = 10
# Shares of the open lines
SHARE_FOREIGN = 0.20
SHARE_INSTALMENTS = 0.16
SHARE_PART_PAID = 0.08
# Credit notes matched with nothing, beside the open lines
SHARE_CREDITS = 0.03
# Only every fourth debtor buys in the foreign currency as well.
FOREIGN_EVERY = 4

# What is late, in thousandths. The second instalment falls due 30 days after the first
# and is late less often: the first makes up for it.
LATE = 570
LATE_FIRST_INSTALMENT = 622
LATE_DAYS = 180
COMING_DAYS = 60
INSTALMENT_DAYS = 30

PRICE = 10_000
FOREIGN_PRICE = 20
FOREIGN_RATE = 950  # whole amounts in both currencies, whatever the factor
RATE_AGE = 1_000
FACTORS = 40

# Odoo's table of languages may lack some of them; a debtor's is one that is active.
TEMPLATES = (
    ("Comercial Los Andes", "cl", ("es_CL", "es_419")),
    ("Distribuidora del Norte", "mx", ("es_MX", "es_419")),
    ("Pacific Trading", "cl", ("en_US",)),
)


@dataclass
class Summary:
    """How much was written."""

    debtors: int = 0
    items: int = 0
    part_paid: int = 0
    credits: int = 0
    moves: int = 0

    def __str__(self):
        return ", ".join(f"{count} {what}" for what, count in asdict(self).items())


class BulkBooks:
    """The books of one company.

    :param company: res.company with a chart of accounts
    :param date today: what is late is late on this day; the real one when empty
    """

    def __init__(self, company, today=None):
        self.env = company.with_company(company).env(
            context={
                **company.env.context,
                "allowed_company_ids": company.ids,
                "tracking_disable": True,
                "mail_create_nosubscribe": True,
            }
        )
        self.company = company.with_env(self.env)
        self.today = today or fields.Date.context_today(company)
        self.seeds = {}
        self.first_debtor = None
        self.debtor_count = 0

    # WHAT IS WRITTEN

    def build(self, items):
        """Write debtors and documents with ``items`` open receivable lines.

        :rtype: Summary
        """
        self.create_debtors(max(items // ITEMS_PER_DEBTOR, 1))
        self.create_seeds()
        shares = {
            "foreign": round(items * SHARE_FOREIGN),
            "instalments": round(items * SHARE_INSTALMENTS / 2),
            "part_paid": round(items * SHARE_PART_PAID),
        }
        open_lines = sum(shares.values()) + shares["instalments"]
        shares["plain"] = items - open_lines
        shares["credit"] = round(items * SHARE_CREDITS)
        for kind, count in shares.items():
            self._multiply(kind, count)
        self.analyze()
        return Summary(
            debtors=self.debtor_count,
            items=items,
            part_paid=shares["part_paid"],
            credits=shares["credit"],
            moves=sum(shares.values()) + shares["part_paid"],
        )

    def add_invoices(self, count):
        """Write invoices of today, as another day of business brings them."""
        self.seeds["new"].multiply(
            self._get_plan_sql("new", count, SQL("%s", COMING_DAYS)), count
        )

    def analyze(self):
        """Let PostgreSQL know what the tables look like now."""
        for table in ("res_partner", "account_move", "account_move_line"):
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        self.env.cr.execute("ANALYZE account_payment, account_partial_reconcile")

    # DEBTORS

    def create_debtors(self, count):
        templates = self.env["res.partner"].create(
            [
                {
                    "name": name,
                    "is_company": True,
                    "country_id": self.env.ref(f"base.{country}").id,
                    "email": "template@debtors.example",
                    "lang": self._get_lang(langs),
                    "customer_rank": 1,
                }
                for name, country, langs in TEMPLATES
            ]
        )
        self.template = templates[0]
        self.first_debtor = multiply_partners(templates, count)
        self.debtor_count = count

    def _get_lang(self, wanted):
        active = [code for code, _name in self.env["res.lang"].get_installed()]
        return next((code for code in wanted if code in active), active[0])

    # SEEDS

    def create_seeds(self):
        """Post one document of each kind through Odoo."""
        term = self._create_term([(100, INSTALMENT_DAYS)])
        long_term = self._create_term([(100, COMING_DAYS)])
        instalments = self._create_term([(50, INSTALMENT_DAYS), (50, COMING_DAYS)])
        foreign = self._get_foreign_currency()
        plain = self._post_invoice(long_term)
        part_paid = self._post_invoice(long_term)
        documents = {
            "plain": plain,
            "new": plain,
            "instalments": self._post_invoice(instalments),
            "foreign": self._post_invoice(long_term, foreign),
            "part_paid": part_paid | self._pay_part(part_paid),
            "credit": self._post_invoice(term, move_type="out_refund"),
        }
        self.seeds = {kind: Seed(moves) for kind, moves in documents.items()}

    def _create_term(self, parts):
        return self.env["account.payment.term"].create(
            {
                "name": " + ".join(f"{days} days" for _share, days in parts),
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": share,
                            "delay_type": "days_after",
                            "nb_days": days,
                        }
                    )
                    for share, days in parts
                ],
            }
        )

    def _get_foreign_currency(self):
        """Return the dollar, or the euro of a company that counts in dollars."""
        code = "EUR" if self.company.currency_id.name == "USD" else "USD"
        currency = self.env.ref(f"base.{code}")
        currency.active = True
        if not currency.rate_ids.filtered(lambda rate: rate.company_id == self.company):
            self.env["res.currency.rate"].create(
                {
                    "name": self.today - timedelta(days=RATE_AGE),
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "inverse_company_rate": FOREIGN_RATE,
                }
            )
        return currency

    def _post_invoice(self, term, currency=None, move_type="out_invoice"):
        """Post a document of today. What is sold abroad bears no tax."""
        taxes = [] if currency else self.company.account_sale_tax_id.ids
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.template.id,
                "invoice_date": self.today,
                "invoice_payment_term_id": term.id,
                "currency_id": (currency or self.company.currency_id).id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Goods",
                            "price_unit": FOREIGN_PRICE if currency else PRICE,
                            "tax_ids": [Command.set(taxes)],
                        }
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _pay_part(self, invoice):
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"amount": PRICE * 0.3, "payment_date": self.today})
        )
        return register._create_payments().move_id

    # PLANS: who gets which copy, due when, of what amount

    def _multiply(self, kind, count):
        due = {
            "instalments": self._get_due_sql(LATE_FIRST_INSTALMENT, INSTALMENT_DAYS),
            # A credit note is taken for what was overpaid in the past months.
            "credit": self._get_due_sql(1000, 0),
        }
        self.seeds[kind].multiply(
            self._get_plan_sql(
                kind, count, due.get(kind) or self._get_due_sql(LATE, COMING_DAYS)
            ),
            count,
        )

    def _get_due_sql(self, late, coming_days):
        """Return the SQL of the days from today to the due date.

        :param int late: how many in a thousand are late, by 1 to ``LATE_DAYS`` days
        :param int coming_days: the others fall due within so many days
        """
        return SQL(
            "CASE WHEN %s < %s THEN -1 - %s ELSE %s END",
            _pick("late", 1000),
            late,
            _pick("days", LATE_DAYS),
            SQL("1 + %s", _pick("days", coming_days)) if coming_days else SQL("0"),
        )

    def _get_plan_sql(self, kind, count, due):
        """Return the SELECT that ``Seed.multiply`` wants.

        :param SQL due: days from today to the due date of the first instalment
        """
        seed = self.seeds[kind]
        lines = seed.moves[0].line_ids.filtered("date_maturity")
        term_days = (min(lines.mapped("date_maturity")) - self.today).days
        every = FOREIGN_EVERY if kind == "foreign" else 1
        return SQL(
            """
            SELECT number, %(debtor)s AS debtor_id, %(due)s - %(term_days)s AS shift,
                   1 + %(factor)s AS factor
              FROM generate_series(0, %(count)s - 1) AS number
            """,
            debtor=SQL(
                "%s + %s * %s",
                self.first_debtor,
                every,
                _pick(f"debtor {kind}", -(-self.debtor_count // every)),
            ),
            due=due,
            term_days=term_days,
            factor=_pick("factor", FACTORS),
            count=count,
        )


def _pick(purpose, choices):
    """Return the SQL of a number below ``choices`` that looks drawn by lot.

    It depends on ``number`` and the purpose alone.
    """
    return SQL(
        "(abs(hashint8extended(number::bigint, hashtext(%s))) %% %s)::integer",
        purpose,
        choices,
    )
