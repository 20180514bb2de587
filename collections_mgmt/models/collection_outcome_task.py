"""What an outcome has done next: a task for somebody, or another way to try."""

from odoo import fields, models


class CollectionOutcome(models.Model):
    _inherit = "collection.outcome"

    activity_type_id = fields.Many2one(
        "mail.activity.type",
        string="Task",
        domain=[("res_model", "in", (False, "collection.case"))],
        ondelete="set null",
        help="What is planned where the next step is a task. Empty: a to-do.",
    )
    activity_days = fields.Integer(
        string="Days until the Task",
        default=0,
        help="When the task is for: so many days after the contact. 0: at once.",
    )
    activity_for = fields.Selection(
        [("agent", "The collector"), ("leader", "The supervisor")],
        string="Task For",
        required=True,
        default="agent",
        help="Who gets the task. Without a supervisor of the collector's team the "
        "collector gets it.",
    )
    proposes_channel = fields.Boolean(
        string="Propose Another Way",
        help="The panel offers to write instead, where contact rules allow it now.",
    )

    _check_activity_days = models.Constraint(
        "CHECK (activity_days >= 0)",
        "A task cannot be planned before the contact: use 0 for the same day.",
    )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_supervisor(self):
        """Return who leads the first team of the collector, or who stands in for them.

        :return: the user, empty when there is none
        """
        self.ensure_one()
        # In sudo: who works on a case need not see how its team is set up.
        teams_sudo = (
            self.env["collection.team"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("member_ids.user_id", "=", self.agent_id.id),
                    ("leader_id.active", "=", True),
                ],
                limit=1,
            )
        )
        return teams_sudo.leader_id.sudo(False)._get_collection_stand_in()
