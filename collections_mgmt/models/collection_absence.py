from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date, frozendict, ormcache


class CollectionAbsence(models.Model):
    """While a collector is away, another one sees and works on their cases.

    Nothing is moved: on the day after the absence all is as before.
    """

    _name = "collection.absence"
    _description = "Absence of a Collector"
    _inherit = ["collection.portfolio.mixin"]
    _order = "date_from desc, id desc"

    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.uid,
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_to = fields.Date(
        string="To", help="The last day. Empty: until further notice."
    )
    substitute_id = fields.Many2one(
        "res.users",
        required=True,
        index=True,
        ondelete="restrict",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
        help="Sees the collector's cases during the absence, and gets new tasks on "
        "them.",
    )
    is_current = fields.Boolean(
        string="Now", compute="_compute_is_current", search="_search_is_current"
    )

    _check_dates = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)",
        "An absence cannot end before it begins: correct one of the two days.",
    )
    _check_substitute = models.Constraint(
        "CHECK (substitute_id <> user_id)",
        "Nobody can be their own substitute: choose somebody else.",
    )

    @api.depends("user_id", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for absence in self:
            absence.display_name = self.env._(
                "%(user)s from %(date)s",
                user=absence.user_id.name,
                date=format_date(self.env, absence.date_from),
            )

    @api.depends("date_from", "date_to")
    def _compute_is_current(self):
        today = fields.Date.context_today(self)
        for absence in self:
            absence.is_current = absence.date_from <= today and (
                not absence.date_to or absence.date_to >= today
            )

    def _search_is_current(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._get_current_domain(fields.Date.context_today(self))

    def _get_current_domain(self, date, last=None):
        """Return the domain of absences on a day, or in any part of several days."""
        return Domain("date_from", "<=", last or date) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", date)
        )

    @api.constrains("user_id", "date_from", "date_to")
    def _check_overlap(self):
        for absence in self:
            meanwhile = absence._get_current_domain(
                absence.date_from, absence.date_to or fields.Date.to_date("9999-12-31")
            )
            if self.search_count(
                meanwhile
                & Domain("user_id", "=", absence.user_id.id)
                & Domain("id", "!=", absence.id),
                limit=1,
            ):
                raise ValidationError(
                    self.env._(
                        "%(user)s has another absence in these days. Change that one, "
                        "or choose other days.",
                        user=absence.user_id.name,
                    )
                )

    @api.constrains("user_id", "substitute_id")
    def _check_collectors(self):
        (self.user_id | self.substitute_id)._check_collects_for(self.env["res.company"])

    def write(self, vals):
        # EXTENDS: an absence opens cases to its substitute, so it cannot be turned into
        # one of a collector for whom the user does not speak
        result = super().write(vals)
        if "user_id" in vals:
            self.check_access("write")
        return result

    @ormcache("date")
    def _get_substitutes(self, date):
        """Return who stands in for whom on a day.

        :return: {id of the absent user: id of the substitute}, not to be changed
        """
        # In sudo: the answer does not depend on whose companies are looked at.
        return frozendict(
            (absence.user_id.id, absence.substitute_id.id)
            for absence in self.sudo().search(self._get_current_domain(date))
        )
