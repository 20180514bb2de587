from odoo import models


class CollectionDomainRule(models.AbstractModel):
    """Records that choose others by a domain that people write."""

    _name = "collection.domain.rule"
    _description = "Chooses by a Rule"

    def _find_matches(self):
        """Return the query of what the rule takes.

        :raise Exception: when the rule cannot be read
        """
        raise NotImplementedError

    def _get_readable_rules(self):
        """Return {rule: query of what it takes} and {rule: why it cannot be read}.

        A rule that was accepted cannot be read any more when a field it is about is
        gone, with a module or by hand.
        """
        queries, problems = {}, {}
        for rule in self:
            try:
                queries[rule] = rule._find_matches()
            except Exception as error:
                problems[rule] = str(error)
        return queries, problems
