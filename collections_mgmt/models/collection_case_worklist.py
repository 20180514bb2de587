"""The list a collector works from: what is on it, and what the collector changed.

What is pinned, put off or moved stays so until somebody changes it back.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# How far, at most, a case that is moved comes to stand from its neighbour: facts change
# every day, and the case is to stay where it was put.
SHIFT_POINTS = 1.0
LEAST_SHIFT = 0.01


class CollectionCase(models.Model):
    _inherit = "collection.case"

    is_pinned = fields.Boolean(string="Pinned", help="Stays at the top of the list.")
    snooze_until = fields.Date(
        string="Put Off until",
        copy=False,
        help="The case comes back to the list on this day, or when the debtor replies.",
    )
    is_snoozed = fields.Boolean(string="Is Put Off", compute="_compute_is_snoozed")
    rank_shift = fields.Float(
        string="Moved by Hand",
        aggregator=None,
        help="Points that its collector added to the rank, or took off.",
    )

    agenda_date = fields.Date(
        string="On the Agenda",
        compute="_compute_agenda_date",
        inverse="_inverse_agenda_date",
        search="_search_agenda_date",
        help="When something is next to be done: the day the case is put off to, else "
        "the next promise, its next task or the day until which the decision holds.",
    )
    phone = fields.Char(related="partner_id.phone", related_sudo=False)
    is_above_credit_limit = fields.Boolean(
        string="Above Credit Limit",
        compute="_compute_is_above_credit_limit",
        search="_search_is_above_credit_limit",
        help="What the debtor owes, less its credits, is more than its credit limit.",
    )

    _check_rank_shift = models.Constraint(
        "CHECK (rank_shift BETWEEN -1000 AND 1000)",
        "A case is moved by 1000 points at most. Let it rank by itself again, or pin "
        "it.",
    )
    _worklist = models.Index(
        "(COALESCE(is_pinned, FALSE) DESC, rank_score DESC, id) WHERE state = 'open'"
    )

    @api.depends("snooze_until")
    def _compute_is_snoozed(self):
        today = fields.Date.context_today(self)
        for case in self:
            case.is_snoozed = bool(case.snooze_until and case.snooze_until > today)

    # AGENDA

    @api.depends(
        *("snooze_until", "activity_date_deadline"),
        *("next_action_date", "promise_date_next"),
    )
    def _compute_agenda_date(self):
        for case in self:
            planned = case.activity_date_deadline or case.next_action_date
            days = filter(None, [planned, case.promise_date_next])
            case.agenda_date = (
                case.snooze_until if case.is_snoozed else min(days, default=False)
            )

    def _inverse_agenda_date(self):
        """Moved on the calendar: the case is put off to that day."""
        for case in self:
            case._put_off(case.agenda_date)

    def _search_agenda_date(self, operator, value):
        if operator not in ("in", "<", "<=", ">", ">="):
            return NotImplemented
        put_off = Domain("snooze_until", ">", fields.Date.context_today(self))
        return (put_off & Domain("snooze_until", operator, value)) | (
            ~put_off & self._get_earliest_domain(operator, value)
        )

    @api.model
    def _get_earliest_domain(self, operator, value):
        """Return the domain on the earlier day of what is planned and what is promised.

        :param str operator: "in", or a comparison
        :param value: a day, or several for "in"; False among them: neither is there
        """
        no_plan = self._get_planned_domain("=", False)
        no_promise = Domain("promise_date_next", "=", False)
        if operator == "in":
            return Domain.OR(
                self._get_earliest_domain(">=", day)
                & self._get_earliest_domain("<=", day)
                if day
                else no_plan & no_promise
                for day in value
            )
        planned = self._get_planned_domain(operator, value)
        promised = Domain("promise_date_next", operator, value)
        if operator in ("<", "<="):
            return planned | promised
        return (planned | no_plan) & (promised | no_promise) & ~(no_plan & no_promise)

    @api.model
    def _get_planned_domain(self, operator, value):
        """Return the domain on the day of the next task, else of the decision."""
        has_task = Domain("activity_ids", "!=", False)
        without = ~has_task & Domain("next_action_date", operator, value)
        if not value:
            return without
        return without | (has_task & Domain("activity_date_deadline", operator, value))

    # CREDIT LIMIT

    @api.depends("amount_open", "amount_credit", "partner_id.credit_limit")
    def _compute_is_above_credit_limit(self):
        for case in self:
            # In sudo: whoever sees the case may know this much of the limit.
            partner_sudo = case.partner_id.sudo().with_company(case.company_id)
            limit = partner_sudo.credit_limit
            case.is_above_credit_limit = (
                case.company_id.sudo().account_use_credit_limit
                and limit > 0
                and case.amount_open - case.amount_credit > limit
            )

    def _search_is_above_credit_limit(self, operator, value):
        if operator != "in":
            return NotImplemented
        # In sudo: as above.
        companies = self.env.companies.root_id.sudo().filtered(
            "account_use_credit_limit"
        )
        return Domain.OR(
            Domain("id", "in", self._get_above_credit_limit_sql(company))
            for company in companies
        )

    def _get_above_credit_limit_sql(self, company):
        """Return a subselect of the company's cases above the limit."""
        # In sudo: as above.
        Partner = self.env["res.partner"].sudo().with_company(company)
        return SQL(
            """(
            SELECT cases.id FROM collection_case cases
              JOIN res_partner partner ON partner.id = cases.partner_id
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(limit)s > 0
               AND cases.amount_open - COALESCE(cases.amount_credit, 0) > %(limit)s
            )""",
            company=company.id,
            limit=Partner._field_to_sql("partner", "credit_limit"),
        )

    # BY HAND

    def action_pin(self):
        """Keep the cases at the top of the list."""
        self._check_may_sort()
        self.is_pinned = True
        return True

    def action_unpin(self):
        """Let the cases take the place that their rank gives them."""
        self._check_may_sort()
        self.is_pinned = False
        return True

    def action_snooze(self):
        """Ask until when the cases are put off."""
        self._check_may_sort()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Put Off"),
            "res_model": "collection.case.snooze",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_ids": self.ids},
        }

    def action_wake(self):
        """Bring the cases back to the list at once."""
        self._check_may_sort()
        self.snooze_until = False
        return True

    def _put_off(self, date):
        """Take the cases from the list until a day; one that has come brings them back.

        :param datetime.date date: the day on which they come back; empty: today
        """
        self._check_may_sort()
        is_later = date and date > fields.Date.context_today(self)
        self.snooze_until = date if is_later else False

    def action_move_up(self):
        """Let the case pass the next one above it in its collector's list."""
        return self._move_past(">=", "rank_score, id desc", 1)

    def action_move_down(self):
        """Let the next case of its collector's list pass this one."""
        return self._move_past("<=", "rank_score desc, id", -1)

    def action_move_back(self):
        """Let the cases rank by what is known of them alone again."""
        self._check_may_sort()
        self.rank_shift = 0
        return True

    def _move_past(self, operator, order, direction):
        """Move the case between the next case of the list and the one behind that.

        :param str operator: which scores are those of the cases to pass
        :param str order: that begins with the next one
        :param int direction: 1 up, -1 down
        """
        self.ensure_one()
        self._check_may_sort()
        # What was just changed ranks first: neighbours have to be where they are seen.
        self.env["collection.engine"]._rank_noted()
        scores = self.search(
            self._get_neighbour_domain()
            & Domain("rank_score", operator, self.rank_score),
            order=order,
            limit=2,
        ).mapped("rank_score")
        if scores:
            room = abs(scores[-1] - scores[0]) / 2 or SHIFT_POINTS
            step = direction * max(min(room, SHIFT_POINTS), LEAST_SHIFT)
            self.rank_shift += scores[0] - self.rank_score + step
        return True

    def _get_neighbour_domain(self):
        """Return the domain of the other cases in the list this one is seen in."""
        self.ensure_one()
        in_list = Domain("is_mine", "=", True)
        if not self.is_mine:
            in_list = Domain("agent_id", "=", self.agent_id.id)
        return (
            self._get_worklist_domain()
            & in_list
            & Domain("id", "!=", self.id)
            & Domain("is_pinned", "=", self.is_pinned)
        )

    @api.model
    def _get_worklist_domain(self):
        """Return the domain of the cases that are to be worked on today.

        The filter "To Do" of the search view says the same.
        """
        return (
            Domain("state", "=", "open")
            & (Domain("amount_overdue", ">", 0) | Domain("rank_score", ">", 0))
            & (
                Domain("snooze_until", "=", False)
                | Domain("snooze_until", "<=", fields.Date.context_today(self))
                | Domain("reply_date", "!=", False)
            )
        )

    def _check_may_sort(self):
        self.check_access("write")
        if closed := self.filtered(lambda case: case.state != "open"):
            raise UserError(
                self.env._(
                    "The case of %(debtor)s is closed: nothing is left to do on it.",
                    debtor=closed[0].partner_id.display_name,
                )
            )
