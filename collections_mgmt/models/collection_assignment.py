"""Which collector has which case, and how it got there."""

from dataclasses import dataclass

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import ASSIGNMENT_SOURCES
from .client_context import without_defaults


@dataclass(frozen=True)
class Assigned:
    """That a case goes to a collector, by an id or None for nobody.

    ``source`` is a code of const.ASSIGNMENT_SOURCES; ``rule_id`` the rule that took the
    case, or None.
    """

    case_id: int
    agent_id: int | None
    source: str
    rule_id: int | None = None


class CollectionAssignment(models.Model):
    """That a case changed hands; never changed afterwards.

    A case that was opened with the debtor's own collector has no entry for that.
    """

    _name = "collection.assignment"
    _description = "Change of Collector"
    _order = "id desc"
    _log_access = False
    _rec_name = "case_id"

    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id")
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="Changed By", readonly=True)
    from_agent_id = fields.Many2one("res.users", string="From", readonly=True)
    to_agent_id = fields.Many2one("res.users", string="To", readonly=True)
    source = fields.Selection(
        ASSIGNMENT_SOURCES, string="How", required=True, readonly=True
    )
    rule_id = fields.Many2one(
        "collection.assignment.rule",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    reason = fields.Char(readonly=True)

    def _apply(self, assigned, reason=None):
        """Give open cases to collectors and write down how; one statement for all.

        The caller checks who may do that. Nobody is notified.

        :param list assigned: of ``Assigned``; what changes nothing is passed over
        :param str reason: why, for all of them
        :return: the cases that changed hands
        :rtype: collection.case
        """
        Case = self.env["collection.case"]
        if not assigned:
            return Case
        self.env.flush_all()
        rows = self.env.execute_query(self._get_apply_sql(assigned, reason))
        self.browse(entry_id for entry_id, _case_id in rows)._hand_over_tasks()
        cases = Case.browse(case_id for _entry_id, case_id in rows)
        cases.invalidate_recordset(flush=False)
        cases.modified(["agent_id"])
        return cases

    def _get_apply_sql(self, assigned, reason):
        return SQL(
            """
            WITH target AS (
                SELECT * FROM unnest(
                    %(cases)s::integer[], %(agents)s::integer[],
                    %(sources)s::varchar[], %(rules)s::integer[]
                ) WITH ORDINALITY AS t (case_id, agent_id, source, rule_id, place)
            ),
            change AS MATERIALIZED (
                SELECT target.*, cases.agent_id AS from_agent_id
                  FROM target JOIN collection_case cases ON cases.id = target.case_id
                 WHERE cases.state = 'open'
                   AND cases.agent_id IS DISTINCT FROM target.agent_id
            ),
            changed AS (
                UPDATE collection_case cases
                   SET agent_id = change.agent_id, write_uid = %(uid)s,
                       write_date = now() AT TIME ZONE 'UTC'
                  FROM change
                 WHERE cases.id = change.case_id
            )
            INSERT INTO collection_assignment (
                case_id, date, user_id, from_agent_id, to_agent_id, source, rule_id,
                reason
            )
            SELECT case_id, %(now)s, %(uid)s, from_agent_id, agent_id, source, rule_id,
                   %(reason)s
              FROM change ORDER BY place
            RETURNING id, case_id
            """,
            cases=[item.case_id for item in assigned],
            agents=[item.agent_id for item in assigned],
            sources=[item.source for item in assigned],
            rules=[item.rule_id for item in assigned],
            uid=self.env.uid,
            now=fields.Datetime.now(),
            reason=reason,
        )

    def _hand_over_tasks(self):
        """Let what the former collectors had to do on the cases go to the new ones.

        One statement for all; nobody is notified. Where nobody had a case, the tasks of
        nobody go. What is for somebody else stays theirs, and what nobody would take
        over stays with who had the case.
        """
        if not self:
            return
        Activity = self.env["mail.activity"]
        Activity.flush_model(["active", "res_id", "res_model", "user_id"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE mail_activity activity
                   SET user_id = entry.to_agent_id, write_uid = %(uid)s,
                       write_date = now() AT TIME ZONE 'UTC'
                  FROM collection_assignment entry
                 WHERE entry.id = ANY(%(entries)s)
                   AND entry.to_agent_id IS NOT NULL
                   AND activity.res_model = 'collection.case'
                   AND activity.res_id = entry.case_id AND activity.active
                   AND activity.user_id IS NOT DISTINCT FROM entry.from_agent_id
                RETURNING activity.id
                """,
                uid=self.env.uid,
                entries=self.ids,
            )
        )
        # In sudo: they are read for what is computed from them, not for the user.
        activities_sudo = Activity.sudo().browse(id_ for [id_] in rows)
        activities_sudo.invalidate_recordset(["user_id"], flush=False)
        activities_sudo.modified(["user_id"])

    def _get_told_action(self, cases):
        """Return the action that says how many cases changed hands, and shows them.

        They rank anew: the new collectors' teams may weigh the reasons otherwise.
        """
        # In sudo: nobody writes ranks, the engine does.
        self.env["collection.engine"].sudo()._note_ranking_of_many(cases)
        count = len(cases)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if count else "warning",
                "message": self.env._(
                    "Cases that changed hands: %(count)s", count=count
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }


class CollectionCase(models.Model):
    _inherit = "collection.case"

    assignment_ids = fields.One2many(
        "collection.assignment", "case_id", string="Collectors so Far", readonly=True
    )

    @api.constrains("agent_id")
    def _check_agent(self):
        for agent, cases in self.grouped("agent_id").items():
            agent._check_collects_for(cases.company_id)

    def write(self, vals):
        # EXTENDS: a change of the collector is written down, and the tasks go with it
        if "agent_id" not in vals:
            return super().write(vals)
        before = {case: case.agent_id for case in self}
        result = super().write(vals)
        # In sudo: nobody writes the history by hand.
        entries_sudo = without_defaults(
            self.env["collection.assignment"].sudo()
        ).create(
            [
                case._prepare_assignment_values(agent)
                for case, agent in before.items()
                if case.agent_id != agent
            ]
        )
        entries_sudo._hand_over_tasks()
        return result

    def _prepare_assignment_values(self, from_agent):
        """Return the entry of a change that a person made.

        :param res.users from_agent: who had the case before
        """
        self.ensure_one()
        return {
            "case_id": self.id,
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            "from_agent_id": from_agent.id,
            "to_agent_id": self.agent_id.id,
            "source": "person",
        }
