"""The worklist's order: what tools.ranking says of one case, in SQL for all of them.

Nights rank every case; during the day those that changed. Both are the same statement.
"""

import logging
from functools import partial

from odoo import SUPERUSER_ID, models
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import SQL

from ..const import DECISIONS_FOR_A_PERSON
from ..tools.ranking import (
    AGE_DAYS,
    AMOUNT_POWERS,
    BROKEN_PROMISES,
    BY_HAND,
    SILENT_DAYS,
    WEIGHTS,
)

_logger = logging.getLogger(__name__)

NOTED = "collections_mgmt.cases_to_rank"
# So many cases are ranked while somebody waits: well under a second.
RANKED_AT_ONCE = 1000

# These two have factors of their own.
DECISIONS_TO_RANK = tuple(
    code for code in DECISIONS_FOR_A_PERSON if code not in ("replied", "blocked")
)
# What is overdue is covered: there is nothing to ask for today.
DECISIONS_COVERED = ("credits", "promised", "held")


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _rank(self, scope):
        """Write score and reasons of the open cases whose rank changed.

        :return: how many changed
        """
        self.env.flush_all()
        self.env.cr.execute(self._get_session_sql(scope))
        changed = self.env.execute_query(self._get_ranking_sql(scope))
        self.env["collection.case"].invalidate_model(["rank_score", "rank_reasons"])
        return len(changed)

    # THE STATEMENT

    def _get_ranking_sql(self, scope):
        factors = self._get_ranking_factors()
        return SQL(
            """
            WITH weight AS (%(weights)s),
            fact AS MATERIALIZED (%(facts)s)
            UPDATE collection_case cases
               SET rank_score = COALESCE(rank.score, 0),
                   rank_reasons = COALESCE(rank.reasons, '[]')
              FROM fact
              JOIN weight ON weight.team_id = fact.weight_team_id
        CROSS JOIN LATERAL (
                SELECT SUM(points)::float8 AS score,
                       JSONB_AGG(
                           JSONB_BUILD_ARRAY(code, points, figure)
                           ORDER BY ABS(points) DESC, place
                       ) AS reasons
                  FROM (
                    SELECT code, place, figure,
                           ROUND((value * weight)::numeric, 2) AS points
                      FROM (VALUES %(factors)s)
                           AS factor (code, place, value, figure, weight)
                  ) point
                 WHERE points <> 0
              ) rank
             WHERE cases.id = fact.case_id
               AND (cases.rank_score, cases.rank_reasons) IS DISTINCT FROM
                   (COALESCE(rank.score, 0), COALESCE(rank.reasons, '[]'))
            RETURNING cases.id
            """,
            weights=self._get_weights_sql(scope.company),
            facts=self._get_ranking_facts_sql(scope),
            factors=SQL(", ").join(
                SQL(
                    "(%s, %s, (%s)::float8, (%s)::numeric, %s)",
                    code,
                    place,
                    value,
                    figure,
                    SQL("1.0") if code == BY_HAND else SQL.identifier("weight", code),
                )
                for place, (code, (value, figure)) in enumerate(factors.items())
            ),
        )

    def _get_usual_weights(self):
        """Return {code: points}: the most that each factor gives."""
        return dict(WEIGHTS)

    def _get_weights_sql(self, company):
        """Return a SELECT of one row of weights per team; team 0 is for all others."""
        points = SQL(", ").join(
            SQL("%s::float8 AS %s", weight, SQL.identifier(code))
            for code, weight in self._get_weights_in_order()
        )
        return SQL("SELECT 0 AS team_id, %s", points)

    def _get_weights_in_order(self):
        """Return [(code of a factor, its usual points)], those of all factors."""
        usual = self._get_usual_weights()
        return [
            (code, float(usual.get(code, 0.0)))
            for code in self._get_ranking_factors()
            if code != BY_HAND
        ]

    # FACTS: the fields of tools.ranking.Facts

    def _get_ranking_facts_sql(self, scope):
        """Return a SELECT of one row of facts per open case."""
        return SQL(
            """
            SELECT cases.id AS case_id,
                   COALESCE((SELECT team_id FROM weight WHERE team_id = %(team)s), 0)
                       AS weight_team_id,
                   %(columns)s
              FROM collection_case cases
         LEFT JOIN (%(activities)s) activity ON activity.case_id = cases.id
         LEFT JOIN (%(stops)s) stop ON stop.partner_id = cases.partner_id
         LEFT JOIN (%(waiting)s) waiting ON waiting.case_id = cases.id
             WHERE cases.state = 'open' AND cases.company_id = %(company)s
               AND %(in_scope)s
            """,
            team=self._get_ranking_team_sql(),
            columns=SQL(", ").join(
                SQL("%s AS %s", sql, SQL.identifier(name))
                for name, sql in self._get_ranking_facts(scope).items()
            ),
            activities=self._get_ranked_activities_sql(scope),
            stops=self._get_stopped_debtors_sql(scope),
            waiting=self._get_waiting_cases_sql(scope),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_ranking_team_sql(self):
        """Return the SQL of the team whose weights count, over ``cases``."""
        return SQL("NULL::integer")

    def _get_ranking_facts(self, scope):
        """Return {name: SQL over ``cases``}: what modules know, they put here.

        Whether somebody may be contacted now is worked out per contact, by the gate. A
        list takes what is on record: a hold, a stop for every channel, and what the
        rules last said where that still stands: the decision "blocked", the day before
        which they let nobody in, a message that waits for a later day.
        """
        today = SQL("%s::date", scope.date)
        return {
            "amount_overdue": SQL("GREATEST(cases.amount_overdue, 0)"),
            "days_late": SQL("COALESCE(%s - cases.date_oldest_due, 0)", today),
            "days_silent": SQL(
                """
                CASE WHEN cases.amount_overdue > 0 THEN %s - COALESCE(
                     cases.date_last_contact, cases.date_oldest_due) ELSE 0 END
                """,
                today,
            ),
            "is_contacted": SQL("cases.date_last_contact IS NOT NULL"),
            "broken_count": SQL("COALESCE(cases.broken_promise_count, 0)"),
            "risk": SQL("COALESCE(cases.risk, 0)"),
            "promise_days": SQL("%s - cases.promise_date_next", today),
            "callback_days": SQL(
                """
                CASE WHEN cases.date_last_contact >= cases.snooze_until THEN NULL
                     ELSE %s - cases.snooze_until END
                """,
                today,
            ),
            "activity_days": SQL("%s - activity.date_deadline", today),
            "is_replied": SQL("cases.reply_date IS NOT NULL"),
            "is_blocked": SQL(
                """
                (stop.partner_id IS NOT NULL OR COALESCE(cases.hold_date >= %s, FALSE)
                 OR cases.decision IS NOT DISTINCT FROM 'blocked'
                 OR COALESCE(cases.no_contact_before > %s, FALSE)
                 OR waiting.case_id IS NOT NULL)
                """,
                today,
                today,
            ),
            "is_covered": SQL(
                "COALESCE(cases.decision IN %s, FALSE)", DECISIONS_COVERED
            ),
            "is_contested": SQL(
                """
                EXISTS (
                    SELECT 1 FROM collection_item item
                     WHERE item.case_id = cases.id AND item.state = 'open'
                       AND item.amount_disputed > 0
                )
                """
            ),
            "needs_person": SQL(
                "COALESCE(cases.decision IN %s, FALSE)", DECISIONS_TO_RANK
            ),
            "shift": SQL("COALESCE(cases.rank_shift, 0)"),
        }

    def _get_ranked_activities_sql(self, scope):
        """Return a SELECT of the day on which something is first to be done."""
        return SQL(
            """
            SELECT activity.res_id AS case_id,
                   MIN(activity.date_deadline) AS date_deadline
              FROM mail_activity activity
              JOIN collection_case cases ON cases.id = activity.res_id
             WHERE activity.res_model = 'collection.case' AND activity.active
               AND %s
             GROUP BY activity.res_id
            """,
            scope.has("cases.partner_id"),
        )

    def _get_stopped_debtors_sql(self, scope):
        """Return a SELECT of the debtors whom nobody may contact in any way."""
        return SQL(
            """
            SELECT DISTINCT partner.commercial_partner_id AS partner_id
              FROM collection_hold stop
              JOIN res_partner partner ON partner.id = stop.partner_id
             WHERE stop.date_from <= %(date)s
               AND (stop.date_to IS NULL OR stop.date_to >= %(date)s)
               AND (stop.company_id IS NULL OR stop.company_id = %(company)s)
               AND NOT EXISTS (
                   SELECT 1 FROM collection_channel_collection_hold_rel channel
                    WHERE channel.collection_hold_id = stop.id
               )
               AND %(in_scope)s
            """,
            date=scope.date,
            company=scope.company.id,
            in_scope=scope.has("partner.commercial_partner_id"),
        )

    def _get_waiting_cases_sql(self, scope):
        """Return a SELECT of the cases whose message waits for a later day."""
        return SQL(
            """
            SELECT DISTINCT contact.case_id
              FROM collection_contact contact
             WHERE contact.state = 'planned' AND contact.verdict = 'defer'
               AND contact.slot >= %(date)s::date + 1 AND %(in_scope)s
            """,
            date=scope.date,
            in_scope=scope.has("contact.partner_id"),
        )

    # FACTORS: tools.ranking._get_values

    def _get_ranking_factors(self):
        """Return {code: (SQL of its value, SQL of its figure)} over ``fact``.

        A module that adds a factor gives it a weight in ``_get_usual_weights`` and a
        sentence in ``collection.case._get_rank_sentences``.
        """
        none = SQL("NULL")
        return {
            "reply": (SQL("fact.is_replied::integer"), none),
            "promise": self._get_day_factor_sql("promise_days"),
            "callback": self._get_day_factor_sql("callback_days"),
            "activity": self._get_day_factor_sql("activity_days"),
            "person": (SQL("fact.needs_person::integer"), none),
            "amount": self._get_share_factor_sql(
                SQL("LOG((1 + fact.amount_overdue)::float8)"),
                AMOUNT_POWERS,
                SQL("fact.amount_overdue"),
            ),
            "age": self._get_share_factor_sql(SQL("fact.days_late"), AGE_DAYS),
            "broken": self._get_share_factor_sql(
                SQL("fact.broken_count"), BROKEN_PROMISES
            ),
            "risk": self._get_share_factor_sql(SQL("fact.risk"), 1),
            "silence": self._get_share_factor_sql(
                SQL("fact.days_silent"),
                SILENT_DAYS,
                SQL("CASE WHEN fact.is_contacted THEN fact.days_silent END"),
            ),
            "blocked": (SQL("fact.is_blocked::integer"), none),
            "covered": (SQL("fact.is_covered::integer"), none),
            "contested": (SQL("fact.is_contested::integer"), none),
            BY_HAND: (SQL("fact.shift"), none),
        }

    def _get_share_factor_sql(self, sql, full, figure=None):
        """Return a factor that grows with a number up to ``full``."""
        value = SQL("LEAST(GREATEST((%s)::float8 / %s, 0), 1)", sql, full)
        return value, figure or sql

    def _get_day_factor_sql(self, name):
        """Return the factor of something that is for a day, from that day on."""
        days = SQL.identifier("fact", name)
        return SQL("COALESCE((%s >= 0)::integer, 0)", days), days

    # WHEN

    def _note_ranking(self, cases):
        """Have these cases ranked anew when the transaction ends."""
        if not cases:
            return
        precommit = self.env.cr.precommit
        if NOTED not in precommit.data:
            precommit.add(self.browse()._rank_noted)
        precommit.data.setdefault(NOTED, set()).update(cases.ids)

    def _note_ranking_of_many(self, cases):
        """As ``_note_ranking``; where it would take long, the job does it soon."""
        if len(cases) > RANKED_AT_ONCE:
            self._trigger_ranking()
        else:
            self._note_ranking(cases)

    def _rank_noted(self):
        case_ids = self.env.cr.precommit.data.pop(NOTED, ())
        # As the superuser: how a case ranks does not depend on who changed it.
        env = self.env(user=SUPERUSER_ID, context={})
        cases = env["collection.case"].browse(case_ids).exists()
        for company, of_company in cases.grouped("company_id").items():
            env[self._name]._rank_today(company, tuple(of_company.partner_id.ids))

    def _rank_today(self, company, partner_ids=None):
        """Rank a root company's cases as of today.

        :param tuple partner_ids: commercial partners; all debtors when empty
        """
        return self._rank(self._get_scope(company, partner_ids))

    def _rank_nightly(self, company):
        """Rank a root company's cases; modules look first at what changes slowly."""
        return self._rank_today(company)

    def _trigger_ranking(self):
        """Ask the job that ranks all cases to start: a run changed many."""
        # In sudo: whoever may plan may start the job.
        cron = self.sudo().env.ref(
            "collections_mgmt.ir_cron_rank", raise_if_not_found=False
        )
        if cron:
            cron._trigger()

    def _cron_rank(self):
        """Rank every case, each company in a transaction of its own."""
        companies = self.env["res.company"].search(Domain("parent_id", "=", False))
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                # What others do meanwhile is no reason to leave a list as it was.
                count = retrying(partial(self._rank_nightly, company), self.env)
                _logger.info("Company %s: %s cases ranked anew", company.id, count)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("The cases of company %s are not ranked", company.id)
            self.env["ir.cron"]._commit_progress(1)

    def _follow(self, company, partner_ids=None):
        # EXTENDS: what was decided anew ranks anew
        result = super()._follow(company, partner_ids)
        self._rank_today(company, partner_ids)
        return result

    def _get_end_at_once_statements(self, scope):
        # EXTENDS: what was decided anew ranks anew, on the same way to the database
        return (
            self._get_ranking_sql(scope),
            *super()._get_end_at_once_statements(scope),
        )
