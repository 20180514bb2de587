from odoo import api, fields, models
from odoo.fields import Domain


class CollectionRetention(models.Model):
    _name = "collection.retention"
    _description = "How Long Evidence Is Kept"
    _order = "country_id, id"
    _rec_name = "country_id"

    country_id = fields.Many2one(
        "res.country",
        help="Where debtors live, or the company is. Empty: at least so long "
        "everywhere else.",
    )
    years = fields.Integer(
        required=True,
        default=6,
        help="For so long after the last thing that happened, personal data of a "
        "closed case is kept.",
    )
    note = fields.Char(
        string="Reason", translate=True, help="The law, or who decided it."
    )

    _check_years = models.Constraint(
        "CHECK (years >= 0)", "Evidence is kept for a number of years, or for none."
    )
    _unique_country = models.UniqueIndex(
        "(COALESCE(country_id, 0))", "There is a line for this country already."
    )

    @api.model
    def _get_years(self, countries):
        """Return for how many years evidence about some countries is kept.

        The longest of them counts, and for one that has no line the longest there is:
        nobody has said that less is enough.

        :param countries: record set of res.country
        """
        # In sudo: how long data is kept does not depend on who asks.
        lines = self.sudo().search(Domain.TRUE)
        known = lines.filtered(lambda line: line.country_id in countries)
        if not countries or countries - known.country_id:
            known = lines
        return max(known.mapped("years"), default=6)
