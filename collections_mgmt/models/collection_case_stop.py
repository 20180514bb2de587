"""What the case shows of the stops on contacting its debtor."""

from odoo import api, fields, models
from odoo.fields import Domain


class CollectionCase(models.Model):
    _inherit = "collection.case"

    stop_text = fields.Char(
        string="Stop",
        compute="_compute_stop_text",
        help="Who may not be contacted now, by which channels, and until when.",
    )

    # In the user's own rights: a stop of another company is not theirs to see.
    @api.depends("partner_id.collection_hold_ids.date_to", "company_id")
    @api.depends_context("uid", "lang")
    def _compute_stop_text(self):
        stops_by_debtor = (
            self.env["collection.hold"]
            .search(self._get_stops_domain())
            .grouped(lambda stop: stop.partner_id.commercial_partner_id)
        )
        none = self.env["collection.hold"]
        for case in self:
            stops = stops_by_debtor.get(case.partner_id, none).filtered(
                lambda stop, case=case: (
                    stop.company_id in (case.company_id, stop.company_id.browse())
                )
            )
            case.stop_text = "; ".join(stop._get_badge() for stop in stops)

    def _get_stop_action(self, **defaults):
        """Return the action that opens the form of a stop on the debtor."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Stop Contacting the Debtor"),
            "res_model": "collection.hold",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_kind": "lawyer",
                **defaults,
            },
        }

    def _get_stops_domain(self):
        """Return the domain of the stops that hold today for these debtors."""
        today = fields.Date.context_today(self)
        return (
            Domain("partner_id.commercial_partner_id", "in", self.partner_id.ids)
            & Domain("date_from", "<=", today)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", today))
        )


class CollectionHold(models.Model):
    _inherit = "collection.hold"

    def _get_badge(self):
        """Return what is stopped and why, in few words."""
        self.ensure_one()
        channels = self._describe_term("channel_ids", self.channel_ids)
        values = {
            "kind": self._describe_term("kind", self.kind),
            "channels": self.channel_ids and f" ({channels})" or "",
            "date": self._describe_term("date_to", self.date_to),
        }
        if not self.date_to:
            return self.env._(
                "Stop%(channels)s: %(kind)s, until somebody ends it", **values
            )
        return self.env._("Stop%(channels)s: %(kind)s, until %(date)s", **values)
