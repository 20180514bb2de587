"""Books of any size: a few real documents, multiplied in SQL.

A handful of invoices, credit notes and payments is posted through Odoo, so that every
column holds what Odoo writes there. Then each is copied many times, set-based, with
another debtor, date, number and amount. The result works with everything in Odoo: it
can be opened, paid, reconciled and reported.

    books = BulkBooks(env.company)
    summary = books.build(items=100_000)       # open receivable lines, 10 per debtor
    books.add_invoices(1_000, tomorrow)        # what another day brings
    books.pay_invoices(100, tomorrow)

Nothing is random: the same call on the same day writes the same books. The company
needs a chart of accounts. The caller commits.
"""

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta

from odoo import Command, fields
from odoo.tools import SQL

from .copier import REF_PREFIX, Seed, multiply_partners, without_indexes

ITEMS_PER_DEBTOR = 10
TABLES = (
    *("res_partner", "account_move", "account_move_line"),
    *("account_payment", "account_partial_reconcile"),
)
MANY_ITEMS = 20_000
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
SHARE_OF_PART = 0.3
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
        self.first_debtor = None
        self.debtor_count = 0

    # WHAT IS WRITTEN

    def build(self, items, per_debtor=ITEMS_PER_DEBTOR):
        """Write debtors and documents with ``items`` open receivable lines.

        :param int per_debtor: how many of the lines a debtor has, on average
        :rtype: Summary
        """
        self._create_debtors(max(items // per_debtor, 1))
        seeds = self._create_seeds()
        counts = {
            "foreign": round(items * SHARE_FOREIGN),
            "instalments": round(items * SHARE_INSTALMENTS / 2),
            "part_paid": round(items * SHARE_PART_PAID),
            "credit": round(items * SHARE_CREDITS),
        }
        # The seeds are documents like the others.
        others = sum(
            len(seed.open_lines) * (1 + counts.get(kind, 0))
            for kind, seed in seeds.items()
        )
        counts["plain"] = max(items - others, 0)
        with self._for_many_rows(items):
            for kind, count in counts.items():
                due = self._get_due_sql(kind)
                plan = self._get_plan_sql(seeds[kind], count, due, kind)
                seeds[kind].multiply(plan, count)
        self.analyze()
        return Summary(
            debtors=self.debtor_count,
            items=others + counts["plain"],
            part_paid=1 + counts["part_paid"],
            credits=1 + counts["credit"],
            moves=sum(
                len(seed.moves) * (1 + counts[kind]) for kind, seed in seeds.items()
            ),
        )

    def add_invoices(self, count, day=None):
        """Write invoices of ``day``, as a day of business brings them."""
        self._find_debtors()
        seed = Seed(self._post_invoice(self._create_term([COMING_DAYS])))
        days = ((day or self.today) - self.today).days + COMING_DAYS
        seed.multiply(
            self._get_plan_sql(seed, count, SQL("%s", days), f"day {days}"), count
        )
        self.analyze()

    def add_part_paid(self, count):
        """Write invoices of today, each with a payment of a part of it."""
        self._find_debtors()
        move = self._post_invoice(self._create_term([COMING_DAYS]))
        payment = self._register_payment(move, amount=PRICE * SHARE_OF_PART)
        seed = Seed(move | payment.move_id)
        due = SQL("%s", COMING_DAYS)
        seed.multiply(self._get_plan_sql(seed, count, due, "part paid today"), count)
        self.analyze()

    def pay_invoices(self, count, day=None):
        """Pay ``count`` invoices in full through Odoo, the oldest first."""
        invoices = self.env["account.move"].search(
            [
                ("move_type", "=", "out_invoice"),
                ("payment_state", "=", "not_paid"),
                ("company_id", "=", self.company.id),
                ("currency_id", "=", self.company.currency_id.id),
            ],
            order="invoice_date_due, id",
            limit=count,
        )
        self._register_payment(invoices, payment_date=day or self.today)

    def analyze(self):
        """Let PostgreSQL know what the tables look like now."""
        self.env.cr.execute(
            SQL("ANALYZE %s", SQL(", ").join(map(SQL.identifier, TABLES)))
        )

    def _for_many_rows(self, items):
        if items < MANY_ITEMS:
            return nullcontext()
        return without_indexes(self.env.cr, TABLES)

    # DEBTORS

    def _create_debtors(self, count):
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
        self.first_debtor = multiply_partners(templates, count)
        self.debtor_count = count
        # The debtors' documents are copies: nothing is left that belongs to nobody.
        templates.unlink()

    def _find_debtors(self):
        if not self.debtor_count:
            self.env.cr.execute(
                "SELECT MIN(id), COUNT(*) FROM res_partner WHERE ref ~ %s",
                [f"^{REF_PREFIX}[0-9]+$"],
            )
            self.first_debtor, self.debtor_count = self.env.cr.fetchone()

    def _get_lang(self, wanted):
        active = [code for code, _name in self.env["res.lang"].get_installed()]
        return next((code for code in wanted if code in active), active[0])

    # SEEDS

    def _create_seeds(self):
        """Post one document of each kind through Odoo; return ``{kind: Seed}``."""
        term = self._create_term([COMING_DAYS])
        part_paid = self._post_invoice(term)
        payment = self._register_payment(part_paid, amount=PRICE * SHARE_OF_PART)
        documents = {
            "plain": self._post_invoice(term),
            "instalments": self._post_invoice(
                self._create_term([INSTALMENT_DAYS, COMING_DAYS])
            ),
            "foreign": self._post_invoice(term, self._get_foreign_currency()),
            "part_paid": part_paid | payment.move_id,
            "credit": self._post_invoice(term, move_type="out_refund"),
        }
        return {kind: Seed(moves) for kind, moves in documents.items()}

    def _create_term(self, days):
        """Create a payment term of equal instalments after so many days each."""
        return self.env["account.payment.term"].create(
            {
                "name": " / ".join(map(str, days)),
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 100 / len(days),
                            "delay_type": "days_after",
                            "nb_days": count,
                        }
                    )
                    for count in days
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
                "partner_id": self.first_debtor,
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

    def _register_payment(self, invoices, **values):
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create({"payment_date": self.today, "group_payment": False, **values})
        )
        return register._create_payments()

    # PLANS: who gets which copy, due when, of what amount

    def _get_due_sql(self, kind):
        """Return the SQL of the days from today to the (first) due date."""
        if kind == "credit":
            return SQL("-1 - %s", _pick("days", LATE_DAYS))
        first_instalment = kind == "instalments"
        return SQL(
            "CASE WHEN %s < %s THEN -1 - %s ELSE 1 + %s END",
            _pick("late", 1000),
            LATE_FIRST_INSTALMENT if first_instalment else LATE,
            _pick("days", LATE_DAYS),
            _pick("days", INSTALMENT_DAYS if first_instalment else COMING_DAYS),
        )

    def _get_plan_sql(self, seed, count, due, kind):
        """Return the SELECT that ``Seed.multiply`` wants.

        Everybody gets one of the first copies, then it is by lot.

        :param SQL due: days from today to the (first) due date
        """
        dates = filter(None, seed.moves[0].line_ids.mapped("date_maturity"))
        every = FOREIGN_EVERY if kind == "foreign" else 1
        debtors = -(-self.debtor_count // every)
        return SQL(
            """
            SELECT number, %(due)s - %(term_days)s AS shift, 1 + %(factor)s AS factor,
                   %(first)s + %(every)s * CASE WHEN number < %(debtors)s THEN number
                                                ELSE %(lot)s END AS debtor_id
              FROM generate_series(0, %(count)s - 1) AS number
            """,
            due=due,
            term_days=(min(dates) - self.today).days,
            factor=_pick("factor", FACTORS),
            first=self.first_debtor,
            every=every,
            debtors=debtors,
            lot=_pick(f"debtor {kind}", debtors),
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
