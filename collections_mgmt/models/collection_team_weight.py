"""How much each reason counts in the ranking of a team's cases."""

from odoo import fields, models
from odoo.tools import SQL

from ..const import RANKING_FACTORS


class CollectionTeamWeight(models.Model):
    _name = "collection.team.weight"
    _description = "Weight of a Ranking Factor"
    _order = "team_id, id"
    _rec_name = "factor"

    team_id = fields.Many2one(
        "collection.team", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="team_id.company_id")
    factor = fields.Selection(RANKING_FACTORS, string="Reason", required=True)
    weight = fields.Float(
        required=True,
        default=1.0,
        help="1: as usual; 2: twice as much; 0: not at all.",
    )

    _unique_factor = models.UniqueIndex(
        "(team_id, factor)", "Each reason has one weight per team."
    )
    _check_weight = models.Constraint(
        "CHECK (weight >= 0)",
        "A weight cannot be negative. Set it to 0 where a reason is not to count.",
    )


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_ranking_team_sql(self):
        # OVERRIDE: the first team of the case's collector
        return self._get_team_sql()

    def _get_weights_sql(self, company):
        # EXTENDS: each team weighs the reasons as it likes
        points = SQL(", ").join(
            SQL(
                "%s::float8 * COALESCE("
                "MAX(line.weight) FILTER (WHERE line.factor = %s), 1)",
                weight,
                code,
            )
            for code, weight in self._get_weights_in_order()
        )
        return SQL(
            """
            %(usual)s
            UNION ALL
            SELECT team.id, %(points)s
              FROM collection_team team
         LEFT JOIN collection_team_weight line ON line.team_id = team.id
             WHERE team.company_id = %(company)s AND team.active
             GROUP BY team.id
            """,
            usual=super()._get_weights_sql(company),
            points=points,
            company=company.id,
        )
