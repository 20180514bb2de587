"""What cannot be put on hold, and what needs a manager."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class CollectionItemHold(models.Model):
    _inherit = "collection.item.hold"

    def _check_can_hold(self):
        """Refuse what cannot be held.

        :raise UserError: with a sentence that says what to correct
        """
        self.ensure_one()
        if self.is_whole_case:
            self._check_whole_case()
        else:
            self._check_items()
        self._check_reason()
        self._check_until(self.date_until)
        if self.is_payment_announced:
            self._check_announced()

    def _check_whole_case(self):
        if self.case_id.state != "open":
            raise UserError(
                self.env._("The case is closed: there is nothing to put on hold.")
            )
        if self.is_payment_announced:
            raise UserError(
                self.env._(
                    "A payment is announced for what is open now, not for later "
                    "invoices: hold the items instead of the whole case."
                )
            )
        if self.item_ids:
            raise UserError(
                self.env._(
                    "The whole case is held, whatever is open of it: take the items "
                    "off."
                )
            )
        # In sudo: a hold counts whoever may see it.
        others_sudo = self.sudo().case_id._get_own_holds() - self
        if others_sudo:
            raise UserError(
                self.env._(
                    "The case of %(debtor)s is on hold already: prolong or end that "
                    "hold.",
                    debtor=self.partner_id.display_name,
                )
            )

    def _check_items(self):
        # In sudo: items of others count although the user does not see them.
        items_sudo = self.sudo().item_ids
        if not items_sudo:
            raise UserError(
                self.env._(
                    "Choose the items to hold: nothing of %(debtor)s is open.",
                    debtor=self.partner_id.display_name,
                )
            )
        if items_sudo.case_id != self.case_id:
            raise UserError(
                self.env._(
                    "Some of the items do not belong to this case: take them off, and "
                    "hold them on their own case."
                )
            )
        if paid := items_sudo.filtered(lambda item: item.state != "open"):
            raise UserError(
                self.env._(
                    "%(invoice)s is paid, or not followed any more: take it off the "
                    "hold.",
                    invoice=paid[0].display_name,
                )
            )
        others_sudo = items_sudo.hold_ids._get_in_force() - self
        if held := items_sudo & others_sudo.item_ids:
            raise UserError(
                self.env._(
                    "%(invoice)s is on hold already: prolong or cancel that hold, or "
                    "take the invoice off this one.",
                    invoice=held[0].display_name,
                )
            )

    def _check_reason(self):
        # In sudo: the reason may be of a company that the user does not see.
        company = self.reason_id.sudo().company_id
        if company and company != self.company_id:
            raise UserError(
                self.env._("The reason belongs to another company: choose another one.")
            )

    def _check_announced(self):
        if self.currency_id.compare_amounts(self.amount_announced, 0) <= 0:
            raise UserError(self.env._("Enter the amount that the debtor has paid."))
        if self.payment_date and self.payment_date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s is to come: what is going to be paid is a promise. "
                    "Correct the day, or register a promise instead.",
                    date=format_date(self.env, self.payment_date),
                )
            )

    def _check_until(self, until):
        """Refuse an end that is past, or farther than the user may go."""
        if until and until < fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s is past, so nothing would be held: choose today or a "
                    "later day.",
                    date=format_date(self.env, until),
                )
            )
        group = "collections_mgmt.group_collection_manager"
        if self.env.su or self.env.user.has_group(group):
            return
        if not until:
            raise UserError(
                self.env._(
                    "Enter the last day of the hold: only a collections manager holds "
                    "something until it is cancelled."
                )
            )
        limit = self.company_id.sudo().collection_hold_max_days
        days = (until - self.date_from).days
        if limit and days > limit:
            raise UserError(
                self.env._(
                    "A hold until %(date)s lasts %(days)s days; the limit is %(limit)s "
                    "days. Choose an earlier day, or ask a collections manager.",
                    date=format_date(self.env, until),
                    days=days,
                    limit=limit,
                )
            )
