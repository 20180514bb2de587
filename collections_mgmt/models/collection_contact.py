from functools import cache, partial

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..const import CONTACT_CHANNELS, CONTACT_OUTCOMES, CONTACT_STATES, PENDING_STATES
from ..tools.statement import Row, group_by_currency


class CollectionContact(models.Model):
    _name = "collection.contact"
    _description = "Contact Attempt"
    _rec_names_search = ["partner_id", "stage_id"]
    _order = "id desc"

    case_id = fields.Many2one(
        "collection.case",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Debtor", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    agent_id = fields.Many2one(related="case_id.agent_id")
    run_id = fields.Many2one("collection.run", readonly=True, index="btree_not_null")
    stage_id = fields.Many2one(
        "collection.stage", readonly=True, index=True, ondelete="restrict"
    )
    step_id = fields.Many2one(
        "collection.step", readonly=True, index=True, ondelete="restrict"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice it is about, where the strategy sends one message for each.",
    )
    branch_id = fields.Many2one(
        "res.company",
        readonly=True,
        index="btree_not_null",
        help="The branch it is about, where the strategy sends one message for each.",
    )
    channel = fields.Selection(CONTACT_CHANNELS, required=True, readonly=True)
    state = fields.Selection(
        CONTACT_STATES, required=True, readonly=True, default="planned"
    )
    date_planned = fields.Date(required=True, readonly=True)
    review_date = fields.Date(
        string="Look at It on",
        readonly=True,
        help="A postponed message comes back to the review list on this day.",
    )
    date_done = fields.Date(
        string="Date", readonly=True, help="When it was sent, failed or was dropped."
    )
    date_sent = fields.Datetime(
        string="Left on", readonly=True, help="The moment it left, or was tried."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Made by",
        readonly=True,
        help="Who made it; empty when it left by itself.",
    )
    outcome = fields.Selection(
        CONTACT_OUTCOMES,
        readonly=True,
        help="What came of a call, a visit or a message; contact rules count by it.",
    )
    reason = fields.Char(readonly=True, help="Why it failed or was dropped.")

    # What the debtor got
    address_partner_id = fields.Many2one(
        "res.partner", string="Recipient", readonly=True, index="btree_not_null"
    )
    address = fields.Char(readonly=True, help="The address at the time of sending.")
    lang = fields.Selection("_get_langs", string="Language", compute="_compute_lang")
    email_cc = fields.Char(string="CC", readonly=True)
    is_edited = fields.Boolean(
        string="Text Edited",
        readonly=True,
        help="A person wrote the text: it goes out as it is.",
    )
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    line_ids = fields.One2many(
        "collection.contact.line", "contact_id", string="Items Named", readonly=True
    )
    items_table = fields.Html(
        compute="_compute_items_table",
        sanitize=False,
        help="The open items with due dates and totals per currency, for templates.",
    )
    mail_message_id = fields.Many2one(
        "mail.message", readonly=True, index="btree_not_null", ondelete="set null"
    )
    mail_mail_id = fields.Many2one(
        "mail.mail",
        string="Outgoing Mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    # What the debtor did with it
    date_delivered = fields.Datetime(
        string="Delivered on",
        readonly=True,
        help="When the debtor's device was reported to have it.",
    )
    date_opened = fields.Datetime(string="Opened on", readonly=True)
    date_clicked = fields.Datetime(string="Link Followed on", readonly=True)
    date_replied = fields.Datetime(string="Replied on", readonly=True)
    date_last_reply = fields.Datetime(
        string="Last Reply on",
        readonly=True,
        help="Contact rules on the time after an exchange count from here.",
    )
    is_bounced = fields.Boolean(
        string="Came Back",
        readonly=True,
        help="The address did not take it: it is not used again for this channel.",
    )

    _by_case = models.Index("(case_id, id)")
    _waiting = models.Index("(id) WHERE state = 'planned'")
    _pending = models.Index(
        "(company_id) WHERE state IN ('review', 'planned', 'queued')"
    )
    _bounced = models.Index("(address_partner_id) WHERE is_bounced")
    _stopped = models.Index("(case_id) WHERE state IN ('failed', 'blocked')")

    @api.depends("partner_id", "stage_id", "date_planned")
    def _compute_display_name(self):
        for contact in self:
            contact.display_name = " · ".join(
                part
                for part in (contact.stage_id.name, contact.partner_id.display_name)
                if part
            )

    def _get_langs(self):
        return self.env["res.lang"].get_installed()

    @api.depends("address_partner_id.lang", "partner_id.lang")
    def _compute_lang(self):
        for contact in self:
            contact.lang = contact.company_id._choose_collection_lang(
                contact.address_partner_id, contact.partner_id
            )

    # WHAT THE DEBTOR IS TOLD

    @api.depends("line_ids")
    @api.depends_context("lang")
    def _compute_items_table(self):
        blocks_by_contact = self._get_currency_blocks()
        formats = self._get_formats()
        for contact in self:
            contact.items_table = self.env["ir.qweb"]._render(
                "collections_mgmt.contact_items_table",
                {"blocks": blocks_by_contact[contact], **formats},
                minimal_qcontext=True,
            )

    def _get_formats(self):
        """Return the functions by which messages write dates and amounts.

        They stand in several places of many messages: each is written once while a
        batch is worded.
        """
        kept = self.env.context.get("collection_once", {})
        return kept.setdefault(
            ("formats", self.env.lang),
            {
                "format_date": cache(partial(format_date, self.env)),
                "format_amount": cache(
                    lambda amount, currency: currency.format(amount)
                ),
            },
        )

    def _get_currency_blocks(self):
        """Return {contact: list of tools.statement.CurrencyBlock}.

        A currency in which nothing is asked for is left out.
        """
        ledger_credit = self.case_id._get_credits_by_currency()
        rows = self._get_rows()
        return {
            contact: [
                block
                for block in group_by_currency(
                    rows[contact._origin.id],
                    contact._get_shown_credit(rows[contact._origin.id], ledger_credit),
                )
                if block.rows
            ]
            for contact in self
        }

    def _get_rows(self):
        """Return {contact id: list of tools.statement.Row}: the items each names.

        They are read once for all messages that are worded together.
        """
        kept = self.env.context.get("collection_once")
        if kept is None:
            return self._read_rows()
        # In one language: the currencies write amounts in it.
        rows = kept.setdefault(("rows", self.env.lang), {})
        if not rows.keys() >= set(self.ids):
            rows |= self.browse(self._prefetch_ids)._read_rows()
        return rows

    def _read_rows(self):
        """As ``_get_rows``, in one statement for thousands of rows."""
        self.env.flush_all()
        rows = {contact_id: [] for contact_id in self.ids}
        for row in self.env.execute_query(
            SQL(
                """
                SELECT told.contact_id, line.currency_id, move.invoice_date,
                       COALESCE(move.name, line.name, ''), item.date_due,
                       contact.date_planned - item.date_due,
                       told.amount_residual_currency, told.amount_agreed_currency,
                       COALESCE(item.amount_credit / NULLIF(item.amount_residual, 0), 0)
                  FROM collection_contact_line told
                  JOIN collection_contact contact ON contact.id = told.contact_id
                  JOIN collection_item item ON item.id = told.item_id
                  JOIN account_move_line line ON line.id = item.move_line_id
                  JOIN account_move move ON move.id = item.move_id
                 WHERE told.contact_id = ANY(%s)
                 ORDER BY told.id
                """,
                self.ids,
            )
        ):
            contact_id, currency_id, date, *values, agreed, share = row
            currency = self.env["res.currency"].browse(currency_id)
            credit = currency.round(share * values[-1]) if share else 0.0
            agreed = currency.round(agreed) if agreed else 0.0
            rows[contact_id].append(
                Row(*values, currency=currency, credit=credit, agreed=agreed, date=date)
            )
        return rows

    def _get_shown_credit(self, rows, ledger_credit):
        """Return {currency: credit to deduct from what the contact asks for}.

        A dunning message lists all that is due, and deducts all credits. A reminder
        lists what falls due next: its own is only what older items leave of them.
        """
        if self.case_id.strategy_id.credit_policy == "apart":
            return {}
        if self.stage_id.days >= 0:
            return ledger_credit.get((self.partner_id.id, self.company_id.id), {})
        credit = {}
        for row in rows:
            if row.credit:
                credit[row.currency] = credit.get(row.currency, 0.0) + row.credit
        return credit

    # STATES

    def _set_state(self, allowed, state, **values):
        """Move to ``state`` and return the contacts that really moved.

        :param tuple allowed: states it may come from; others are left as they are
        """
        moved = self.filtered(lambda contact: contact.state in allowed)
        if moved:
            moved.write({"state": state, **values})
        return moved

    def _set_queued(self):
        moved = self._set_state(("planned",), "queued")
        today = fields.Date.context_today(self)
        moved._get_cases_of_today()._note_outcome("queued", today)
        return moved

    def _set_sent(self):
        """Note that the message left: only now its items climb."""
        today = fields.Date.context_today(self)
        moved = self._set_state(
            ("planned", "queued", "failed"),
            "sent",
            date_done=today,
            date_sent=fields.Datetime.now(),
            reason=False,
        )
        moved._climb_items(today)
        moved._get_cases_of_today()._note_outcome("sent", today)
        moved.filtered(lambda contact: contact._counts_as_contact()).case_id.write(
            {"date_last_contact": today}
        )
        return moved

    def _set_failed(self, reason):
        """Note a failure: it is no reminder, its items stay where they are."""
        today = fields.Date.context_today(self)
        moved = self._set_state(
            ("planned", "queued"), "failed", date_done=today, reason=reason
        )
        moved.line_ids.write({"is_counted": False})
        moved._note_failure(today)
        return moved

    def _note_failure(self, date):
        """Say on the cases that their message failed, and when it is tried again."""
        cases = self._get_cases_of_today()
        for strategy, of_strategy in cases.grouped(
            lambda case: case._get_leading_strategy()
        ).items():
            of_strategy._note_outcome("failed", strategy._get_retry_date(date))

    def _set_dropped(self, reason):
        today = fields.Date.context_today(self)
        moved = self._set_state(
            (*PENDING_STATES, "failed"), "dropped", date_done=today, reason=reason
        )
        moved.line_ids.write({"is_counted": False})
        moved._get_cases_of_today()._note_outcome("dropped", today)
        return moved

    def _get_cases_of_today(self):
        """Return the open cases whose last decision is about these contacts."""
        cases = self.case_id
        decided = cases.filtered(
            lambda case: (
                case.state == "open"
                and case.decision
                in (
                    *("send", "review", "queued", "failed"),
                    *("sent", "dropped", "blocked"),
                )
            )
        )
        # What is read of one is read of all in the batch.
        return decided.with_prefetch(cases._prefetch_ids)

    def _climb_items(self, date):
        """Move the items of sent contacts up to the stage their line names.

        An old message that leaves late takes no item back, and a step that was done
        again in the meantime is not counted twice.
        """
        if not self:
            return
        self.env.flush_all()
        Stage = self.env["collection.stage"]
        values = {
            "date": date,
            "contacts": tuple(self.ids),
            "place": Stage._get_place_sql("stage"),
            "place_passed": Stage._get_place_sql("passed"),
            "place_standing": Stage._get_place_sql("standing"),
        }
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_contact_line line SET is_counted = TRUE
                 WHERE line.contact_id IN %(contacts)s
                   AND line.is_counted IS NOT TRUE AND line.stage_id IS NOT NULL
                   AND NOT EXISTS (
                       SELECT 1 FROM collection_contact_line other
                        WHERE other.item_id = line.item_id AND other.is_counted
                          AND other.stage_id = line.stage_id
                          AND other.step_id = line.step_id
                   )
                """,
                **values,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH changed AS (
                    UPDATE collection_item item
                       SET stage_id = CASE WHEN stage.days < 0 THEN item.stage_id
                                           ELSE stage.id END,
                           stage_date = CASE WHEN stage.days < 0 THEN item.stage_date
                                             ELSE %(date)s END,
                           date_changed = CASE
                               WHEN stage.days < 0 THEN item.date_changed
                               ELSE GREATEST(item.date_changed, %(date)s) END,
                           reminder_stage_id = CASE WHEN stage.days < 0 THEN stage.id
                                                    ELSE item.reminder_stage_id END,
                           passed_stage_id = CASE
                               WHEN %(place_passed)s > %(place)s THEN passed.id
                               ELSE stage.id END
                      FROM collection_contact_line line
                      JOIN collection_stage stage ON stage.id = line.stage_id
                      JOIN collection_item before ON before.id = line.item_id
                 LEFT JOIN collection_stage standing ON standing.id = before.stage_id
                 LEFT JOIN collection_stage passed ON passed.id = before.passed_stage_id
                     WHERE item.id = before.id AND line.contact_id IN %(contacts)s
                       AND (stage.days < 0 OR standing.id IS NULL
                            OR %(place_standing)s < %(place)s)
                    RETURNING item.id, item.date_changed
                )
                %(keep)s
                """,
                keep=self.env["collection.item.version"]._get_keep_sql(),
                **values,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_case cases SET stage_id = highest.stage_id
                  FROM (
                    SELECT DISTINCT ON (item.case_id) item.case_id, item.stage_id
                      FROM collection_item item
                      JOIN collection_stage stage ON stage.id = item.stage_id
                     WHERE item.state = 'open' AND item.case_id IN (
                           SELECT case_id FROM collection_contact
                            WHERE id IN %(contacts)s
                     )
                     ORDER BY item.case_id, %(place)s DESC
                  ) highest
                 WHERE cases.id = highest.case_id
                   AND cases.stage_id IS DISTINCT FROM highest.stage_id
                """,
                **values,
            )
        )
        self.env["collection.case"].invalidate_model(["stage_id"])
        self.env["collection.item"].invalidate_model(
            [
                *("stage_id", "stage_date", "reminder_stage_id", "passed_stage_id"),
                "date_changed",
            ]
        )
        self.env["collection.contact.line"].invalidate_model(["is_counted"])


class CollectionContactLine(models.Model):
    _name = "collection.contact.line"
    _description = "Item Named in a Contact"
    _order = "contact_id, id"
    _log_access = False  # as for the items

    contact_id = fields.Many2one(
        "collection.contact",
        string="Contact Attempt",
        required=True,
        index=True,
        ondelete="cascade",
    )
    item_id = fields.Many2one(
        "collection.item", required=True, index=True, ondelete="cascade"
    )
    stage_id = fields.Many2one(
        "collection.stage",
        index="btree_not_null",
        ondelete="restrict",
        help="The stage the item reaches by this contact; empty if only listed.",
    )
    step_id = fields.Many2one("collection.step", ondelete="restrict")
    is_counted = fields.Boolean(
        string="Counts",
        help="The contact counts as the step's for this item: not failed, not dropped.",
    )
    currency_id = fields.Many2one(related="item_id.currency_id")
    company_currency_id = fields.Many2one(related="item_id.company_currency_id")
    amount_residual = fields.Monetary(
        string="Open Amount (Company Currency)", currency_field="company_currency_id"
    )
    amount_residual_currency = fields.Monetary(
        string="Open Amount", currency_field="currency_id"
    )
    amount_agreed = fields.Monetary(
        string="Not Asked For (Company Currency)", currency_field="company_currency_id"
    )
    amount_agreed_currency = fields.Monetary(
        string="Not Asked For",
        currency_field="currency_id",
        help="Part of the open amount that was promised, disputed or on hold.",
    )
    amount_credit = fields.Monetary(
        string="Covered by Credits",
        currency_field="company_currency_id",
        help="Part of the open amount that payments and credit notes covered which "
        "were not yet allocated.",
    )

    # The database itself keeps two runs from telling a debtor the same thing twice.
    _unique_step_of_item = models.UniqueIndex(
        "(item_id, stage_id, step_id) WHERE is_counted AND stage_id IS NOT NULL",
        "This step was already done for the item.",
    )
