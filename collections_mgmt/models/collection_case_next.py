"""From one debtor to the next, in the order of the list the case was opened from."""

from odoo import api, fields, models
from odoo.fields import Domain

# Under this name the web client says which cases the list shows, in its order: the form
# of a case knows them for its pager, and a button passes nothing else on.
LIST_KEY = "collection_case_list"
# So many cases of a worklist are gone through before it is looked up again: more than
# anybody calls in a day.
LIST_SIZE = 200
WORKLIST_ORDER = "is_pinned desc, rank_score desc, id"


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def action_next(self):
        """Open the case that follows in the list; at its end, go on from the top."""
        self.ensure_one()
        shown_ids = self._get_shown_ids()
        case_list = (
            self._get_shown_list(shown_ids) if shown_ids else self._get_own_list()
        )
        following, is_over = self._find_next(case_list)
        if not following:
            return self._get_notice(
                self.env._("That was the last one for now."),
                {"type": "ir.actions.act_window_close"},
            )
        known = case_list if self in case_list else self + case_list
        action = {
            **following._get_form_action(),
            "context": {LIST_KEY: shown_ids or known.ids},
        }
        if not is_over:
            return action
        return self._get_notice(
            self.env._(
                "That was the end of the list. It goes on with the first one that you "
                "have not contacted today."
            ),
            action,
        )

    def _get_notice(self, message, next_action):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message, "next": next_action},
        }

    def _find_next(self, case_list):
        """Return the case that follows this one, and whether the list ended before.

        What the user contacted today is passed over. A list is gone round once: where
        this case is not on it, from the top.

        :param collection.case case_list: in the order of the list
        :rtype: tuple(collection.case, bool)
        """
        place = case_list.ids.index(self.id) + 1 if self in case_list else 0
        left = case_list - self - self.browse(self._get_worked_on_today())
        after = (case_list[place:] & left)[:1]
        return (after, False) if after else ((case_list[:place] & left)[:1], True)

    def _get_shown_ids(self):
        """Return the ids of the list that this case was opened from; none: unknown."""
        ids = self.env.context.get(LIST_KEY)
        if not isinstance(ids, list):
            return []
        ids = [case_id for case_id in ids if isinstance(case_id, int)]
        return ids if self.id in ids and len(ids) > 1 else []

    def _get_shown_list(self, ids):
        """Return the cases with these ids, in their order, that are to be gone through.

        Those that were closed or put off meanwhile are left out, unless the list is of
        such cases.
        """
        places = {case_id: place for place, case_id in enumerate(ids)}
        cases = self.search(Domain("id", "in", ids)).sorted(
            lambda case: places[case.id]
        )
        left = cases.filtered(lambda case: case.state == "open" and not case.is_snoozed)
        return cases.filtered(lambda case: case == self or case in left or not left)

    def _get_own_list(self):
        """Return what is left to do of the user's worklist.

        Who has no cases, as managers do, goes through all that they may see.
        """
        own = Domain("is_mine", "=", True)
        if not self.search_count(own & Domain("state", "=", "open"), limit=1):
            own = Domain.TRUE
        return self.search(
            self._get_worklist_domain()
            & own
            & Domain("id", "not in", self._get_worked_on_today()),
            order=WORKLIST_ORDER,
            limit=LIST_SIZE,
        )

    @api.model
    def _get_worked_on_today(self):
        """Return the ids of the cases on which the user made a contact today."""
        groups = self.env["collection.contact"]._read_group(
            [
                ("user_id", "=", self.env.uid),
                ("date_done", "=", fields.Date.context_today(self)),
                ("state", "=", "sent"),
            ],
            ["case_id"],
        )
        return [case.id for [case] in groups]
