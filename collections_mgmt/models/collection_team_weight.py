"""How much each reason counts in the ranking of a team's cases."""

from odoo import api, fields, models
from odoo.fields import Domain
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

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: the team's cases rank by the new weights at once
        weights = super().create(vals_list)
        weights.team_id._note_ranking()
        return weights

    def write(self, vals):
        # EXTENDS: as for a new one; a weight can go to another team
        teams = self.team_id
        result = super().write(vals)
        (teams | self.team_id)._note_ranking()
        return result

    def unlink(self):
        # EXTENDS: as for a new one
        self.team_id._note_ranking()
        return super().unlink()


class CollectionTeam(models.Model):
    _inherit = "collection.team"

    def _note_ranking(self):
        """Have the open cases of the teams' collectors ranked anew."""
        agents = self.member_ids.user_id
        if not agents:
            return
        # In sudo: nobody writes ranks, the engine does, of all the team's cases.
        cases_sudo = (
            self.env["collection.case"]
            .sudo()
            .search(
                Domain("state", "=", "open")
                & Domain("company_id", "in", self.company_id.ids)
                & Domain("agent_id", "in", agents.ids)
            )
        )
        self.env["collection.engine"].sudo()._note_ranking_of_many(cases_sudo)


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
