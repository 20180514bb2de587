"""Who gets the cases of nobody.

The debtor's own collector comes first. Else the first assignment rule that takes the
case decides: who had the debtor's last case and has room, then the method of the rule,
then what it says about leftovers. Nobody gets a case who could not open it. What is
known is read in two statements, dealing out is ``tools.assignment``, and a third
statement writes it.
"""

from collections import defaultdict
from dataclasses import replace

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.assignment import Collector, allocate, give_back
from .collection_assignment import Assigned


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _assign(self, scope, cases=None, reason=None):
        """Give cases to collectors.

        :param collection.case cases: those to deal out anew, whoever has them; None:
            those of nobody, and of users who were archived
        :param str reason: why, in the words of who asked for it
        :return: the cases that changed hands
        :rtype: collection.case
        """
        self.env.flush_all()
        wanted = self._get_to_assign_sql(cases)
        rules = self._get_assignment_rules(scope.company)
        queries, _problems = rules._get_readable_rules()
        rows = self.env.execute_query(self._get_to_deal_sql(scope, wanted, queries))
        if not rows:
            return self.env["collection.case"]
        collectors = self._get_collectors(scope, wanted, rules)
        assigned = self._deal(rows, rules, collectors)
        return self.env["collection.assignment"]._apply(assigned, reason)

    def _get_assignment_rules(self, company):
        return self.env["collection.assignment.rule"].search(
            Domain("company_id", "=", company.id) & Domain("team_id.active", "=", True)
        )

    def _get_problem(self, company):
        # EXTENDS: rules of assignment as well
        _queries, problems = self._get_assignment_rules(company)._get_readable_rules()
        sentences = [
            self.env._(
                "The assignment rule “%(rule)s” cannot be read any more: %(error)s. It "
                "took no case; please correct it.",
                rule=rule.name,
                error=error,
            )
            for rule, error in problems.items()
        ]
        return "\n".join(filter(None, [super()._get_problem(company), *sentences]))

    # WHAT IS KNOWN

    def _get_to_assign_sql(self, cases):
        """Return the SQL condition that ``cases`` is to be dealt out."""
        if cases is not None:
            return SQL("cases.id = ANY(%s)", cases.ids)
        return SQL(
            """
            (cases.agent_id IS NULL OR cases.agent_id IN (
                SELECT id FROM res_users WHERE NOT active
            ))
            """
        )

    def _get_to_deal_sql(self, scope, wanted, queries):
        """Return a SELECT of what is dealt out: case, amount, and who might get it.

        :param SQL wanted: condition over ``cases``
        :param dict queries: {rule: query of its cases}, the first rule first
        """
        own = self.env["res.partner"]._field_to_sql(
            "res_partner", "collection_agent_id"
        )
        by_rule = [
            SQL("WHEN cases.id IN %s THEN %s", query.subselect(), rule.id)
            for rule, query in queries.items()
        ]
        return SQL(
            """
            SELECT cases.id, COALESCE(cases.amount_overdue, 0),
                   CASE WHEN %(own)s IN %(able)s THEN %(own)s END,
                   earlier.agent_id, %(rule)s
              FROM collection_case cases
              JOIN res_partner ON res_partner.id = cases.partner_id
         LEFT JOIN (
                SELECT DISTINCT ON (partner_id) partner_id, agent_id
                  FROM collection_case
                 WHERE company_id = %(company)s AND state = 'closed'
                   AND agent_id IS NOT NULL
                 ORDER BY partner_id, id DESC
              ) earlier ON earlier.partner_id = cases.partner_id
             WHERE cases.state = 'open' AND cases.company_id = %(company)s
               AND %(in_scope)s AND %(wanted)s
             ORDER BY cases.id
            """,
            own=own,
            able=self._get_able_sql(scope.company),
            rule=SQL("CASE %s END", SQL(" ").join(by_rule)) if by_rule else SQL("NULL"),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
            wanted=wanted,
        )

    def _get_collectors(self, scope, wanted, rules):
        """Return what the members of the rules' teams can carry, and carry already.

        Cases that are dealt out anew do not count. Who lost the right to open the
        company's cases is left out.

        :return: {team: [Collector]}
        """
        members = rules.team_id.member_ids
        able = members.user_id.filtered_domain(
            members.user_id._get_able_domain(scope.company)
        )
        substitutes = self.env["collection.absence"]._get_substitutes(scope.date)
        loads = {
            agent_id: (count, float(amount))
            for agent_id, count, amount in self.env.execute_query(
                SQL(
                    """
                    SELECT cases.agent_id, COUNT(*), SUM(cases.amount_overdue)
                      FROM collection_case cases
                     WHERE cases.state = 'open' AND cases.company_id = %s
                       AND cases.agent_id IS NOT NULL AND NOT %s
                     GROUP BY cases.agent_id
                    """,
                    scope.company.id,
                    wanted,
                )
            )
        }
        return {
            team: [
                self._get_collector(
                    member, substitutes, *loads.get(member.user_id.id, ())
                )
                for member in team.member_ids
                if member.user_id in able
            ]
            for team in rules.team_id
        }

    def _get_collector(self, member, substitutes, load=0, amount=0.0):
        return Collector(
            member.user_id.id,
            capacity=member.capacity,
            amount_capacity=member.amount_capacity,
            load=load,
            amount=amount,
            is_absent=member.user_id.id in substitutes,
        )

    def _get_last_dealt(self, rules):
        """Return {rule id: the collector to whom it gave its last case}."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (rule_id) rule_id, to_agent_id
                      FROM collection_assignment
                     WHERE rule_id = ANY(%s) AND source = 'rule'
                     ORDER BY rule_id, id DESC
                    """,
                    rules.ids,
                )
            )
        )

    # WHO GETS IT

    def _deal(self, rows, rules, collectors):
        """Return who gets which case.

        :param list rows: as ``_get_to_deal_sql`` returns them
        :param dict collectors: {team: [Collector]}
        :return: list of Assigned
        """
        amounts = {case_id: float(amount) for case_id, amount, *_rest in rows}
        given, left = self._deal_own(rows)
        for rule in rules:
            pool = self._get_pool(rule, collectors[rule.team_id], given, amounts)
            given += self._keep(rule, left.get(rule.id, {}), pool, amounts)
        kept = {item.case_id for item in given}
        last_dealt = self._get_last_dealt(rules)
        for rule in rules:
            cases = [
                (case_id, amounts[case_id])
                for case_id in left.get(rule.id, {})
                if case_id not in kept
            ]
            pool = self._get_pool(rule, collectors[rule.team_id], given, amounts)
            given += self._deal_by_rule(rule, cases, pool, last_dealt.get(rule.id))
        return given

    def _deal_own(self, rows):
        """Return the cases of the debtors' own collectors, and what is left.

        :return: list of Assigned, and {rule id: {case id: who had the debtor before}}
        """
        given, left = [], {}
        for case_id, _amount, own_id, earlier_id, rule_id in rows:
            if own_id:
                given.append(Assigned(case_id, own_id, "debtor"))
            elif rule_id:
                left.setdefault(rule_id, {})[case_id] = earlier_id
        return given, left

    def _keep(self, rule, earlier, pool, amounts):
        """Return the cases of a rule that go back to who had the debtor.

        :param dict earlier: {case id: who had the debtor before, or None}
        """
        if not rule.keeps_collector:
            return []
        cases = [(case_id, amounts[case_id], who) for case_id, who in earlier.items()]
        return [
            Assigned(case_id, agent_id, "kept", rule.id)
            for case_id, agent_id in give_back(cases, pool).items()
        ]

    def _get_pool(self, rule, collectors, given, amounts):
        """Return who can get the cases of a rule, with what was given meanwhile."""
        counts, sums = defaultdict(int), defaultdict(float)
        for item in given:
            counts[item.agent_id] += 1
            sums[item.agent_id] += amounts[item.case_id]
        return [
            replace(
                collector,
                load=collector.load + counts[collector.id],
                amount=collector.amount + sums[collector.id],
            )
            for collector in rule._get_pool(collectors)
        ]

    def _deal_by_rule(self, rule, cases, pool, last):
        """Return who gets the cases of one rule: collectors, then what is left over."""
        dealt = allocate(cases, pool, rule._get_method(), last)
        leader_id = rule.leftover == "leader" and rule._get_able_leader().id
        assigned = [
            Assigned(case_id, agent_id, "rule", rule.id)
            for case_id, agent_id in dealt.items()
        ]
        if leader_id:
            assigned += [
                Assigned(case_id, leader_id, "leader", rule.id)
                for case_id, _amount in cases
                if case_id not in dealt
            ]
        return assigned
