"""What another program wrote on customers: collectors, next actions and notes."""

from odoo import fields, models
from odoo.tools import plaintext2html


class CollectionTakeover(models.TransientModel):
    _inherit = "collection.takeover"

    def _assign_agents(self, findings, counts):
        """Take over who looks after the debtors, of those who can open their cases."""
        users = self.env["res.users"].browse(set(findings.agents.values())).exists()
        able = users.filtered_domain(users._get_able_domain(self.company_id))
        may_work = set(able.ids)
        for partner in self.env["res.partner"].browse(findings.agents).exists():
            user_id = findings.agents[partner.id]
            if partner.collection_agent_id:
                continue
            if user_id in may_work:
                partner.collection_agent_id = user_id
                counts["agents"] += 1
            else:
                counts["strangers"] += 1

    def _plan_actions(self, findings, counts):
        """Make the next actions of debtors that have an open case into activities."""
        for case, partner_id in self._get_cases_of(findings.actions):
            if self._find_taken("mail.activity", f"action_{partner_id}"):
                continue
            day, text = findings.actions[partner_id]
            activity = case.activity_schedule(
                "mail.mail_activity_data_todo",
                fields.Date.to_date(day),
                summary=text.split("\n")[0][:200] or self.env._("Next action"),
                note=plaintext2html(text),
                user_id=(case.agent_id or self.env.user).id,
            )
            self._remember(activity, f"action_{partner_id}")
            counts["actions"] += 1

    def _keep_notes(self, findings, counts):
        """Write what people noted about debtors on their open cases."""
        for case, partner_id in self._get_cases_of(findings.notes):
            if self._find_taken("mail.message", f"note_{partner_id}"):
                continue
            note = case._message_log(
                body=plaintext2html(
                    self.env._(
                        "Note taken over: %(note)s", note=findings.notes[partner_id]
                    )
                )
            )
            self._remember(note, f"note_{partner_id}")
            counts["notes"] += 1

    def _get_cases_of(self, by_partner):
        """Return [(open case, partner id)] of the partners of a dict, by their id."""
        cases = self.env["collection.case"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
                ("partner_id", "in", list(by_partner)),
            ]
        )
        return [(case, case.partner_id.id) for case in cases]

    # THE REPORT

    def _describe_left(self, findings):
        """Return what the other program knows and nothing here stands for."""
        return [
            self.env._(
                "Not taken over: %(field)s (customers: %(count)s).",
                field=name,
                count=count,
            )
            for name, count in findings.left.items()
        ]
