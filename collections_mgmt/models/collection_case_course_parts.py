"""What the course of a case tells of promises, disputes, holds and stages."""

from odoo import models
from odoo.tools import SQL, format_date

# Of each kind of agreement: what it became in the end, by color.
GOOD_ENDS = ("kept", "settled", "accepted")
BAD_ENDS = ("partly", "broken")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_course_sources(self):
        # EXTENDS: what was agreed and how it ended, and the stages reached
        return [
            *super()._get_course_sources(),
            self._get_course_promises,
            self._get_course_disputes,
            self._get_course_holds,
            self._get_course_stages,
        ]

    def _get_course_promises(self, _limit):
        kinds = self._get_course_labels("collection.promise", "kind")
        entries = []
        for promise in self.promise_ids:
            if promise.state == "draft":
                continue
            details = (
                promise.currency_id.format(promise.amount),
                self.env._(
                    "until %(date)s", date=format_date(self.env, promise.date_end)
                ),
            )
            entries += self._get_course_end(
                promise, promise.date_ended, kinds[promise.kind], *details
            )
            entries.append(
                self._prepare_course_entry(
                    promise.date_made,
                    "fa-handshake-o",
                    kinds[promise.kind],
                    *details,
                    promise.promiser_id.name,
                    color="info",
                )
            )
        return entries, len(entries)

    def _get_course_disputes(self, _limit):
        title, entries = self.env._("Dispute"), []
        for dispute in self.dispute_ids:
            details = (
                dispute.currency_id.format(dispute.amount),
                dispute.reason_id.name,
            )
            entries += self._get_course_end(
                dispute, dispute.date_closed, title, *details
            )
            entries.append(
                self._prepare_course_entry(
                    dispute.date_opened,
                    "fa-gavel",
                    title,
                    *details,
                    dispute.reference,
                    color="warning",
                )
            )
        return entries, len(entries)

    def _get_course_holds(self, _limit):
        hold_title, announced = self.env._("Hold"), self.env._("Payment Announced")
        entries = []
        for hold in self.item_hold_ids:
            title = announced if hold.is_payment_announced else hold_title
            entries += self._get_course_end(
                hold, hold.date_closed, title, hold._get_ended_text()
            )
            entries.append(
                self._prepare_course_entry(
                    hold.date_from,
                    "fa-pause",
                    title,
                    hold._get_opened_text(),
                    color="warning",
                )
            )
        return entries, len(entries)

    def _get_course_end(self, agreement, day, title, *details):
        """Return the entry of how an agreement ended, in a list; empty if it did not.

        :param datetime.date day: on which it ended
        """
        if not day:
            return []
        state = agreement.state
        labels = self._get_course_labels(agreement._name, "state")
        color = "success" if state in GOOD_ENDS else "muted"
        return [
            self._prepare_course_entry(
                day,
                "fa-flag-checkered",
                f"{title}: {labels[state]}",
                *details,
                color="danger" if state in BAD_ENDS else color,
            )
        ]

    def _get_course_labels(self, model, name):
        return dict(self.env[model]._fields[name]._description_selection(self.env))

    def _get_course_stages(self, _limit):
        """Return the stages that items reached, together where on the same day."""
        self.env["collection.item"].flush_model()
        entries = [
            self._prepare_course_entry(
                day,
                "fa-step-forward",
                self.env._(
                    "Stage: %(stage)s",
                    stage=self.env["collection.stage"].browse(stage_id).name,
                ),
                self.env._("%(count)s items", count=count)
                if count > 1
                else self.env["collection.item"].browse(item_id).display_name,
            )
            for day, stage_id, count, item_id in self.env.execute_query(
                self._get_course_stages_sql()
            )
        ]
        return entries, len(entries)

    def _get_course_stages_sql(self):
        """Return a SELECT of (day, stage, number of items, one of them)."""
        return SQL(
            """
            SELECT day, stage_id, COUNT(*), MIN(item_id)
              FROM (
                SELECT item_id, day, stage_id,
                       LAG(stage_id) OVER (PARTITION BY item_id ORDER BY day, place)
                           AS stage_before
                  FROM (
                    SELECT item_id, date_from AS day, stage_id, id AS place
                      FROM collection_item_version WHERE case_id = %(case)s
                     UNION ALL
                    SELECT id, COALESCE(stage_date, date_changed), stage_id, NULL
                      FROM collection_item WHERE case_id = %(case)s
                  ) state
              ) change
             WHERE stage_id IS NOT NULL AND stage_id IS DISTINCT FROM stage_before
             GROUP BY day, stage_id
            """,
            case=self.id,
        )
