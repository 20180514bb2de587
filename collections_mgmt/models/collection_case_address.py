"""Whether a case's debtor can be written to by e-mail."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class CollectionCase(models.Model):
    _inherit = "collection.case"

    is_without_email = fields.Boolean(
        string="No E-mail",
        compute="_compute_is_without_email",
        search="_search_is_without_email",
        help="Who receives what is written about the case has no e-mail address: the "
        "collections contact, else the invoice address, else the debtor.",
    )

    @api.depends("partner_id")
    def _compute_is_without_email(self):
        for case in self:
            case.is_without_email = not case._get_addressee().email_normalized

    def _search_is_without_email(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("id", "in", self._get_without_email_sql())

    def _get_without_email_sql(self):
        """Return a subselect of such cases: ``_get_addressee`` for all at once."""
        self.env["res.partner"].flush_model(
            [
                *("active", "collection_contact_id", "commercial_partner_id"),
                *("complete_name", "email_normalized", "type"),
            ]
        )
        return SQL(
            """(
            SELECT cases.id FROM collection_case cases
              JOIN res_partner debtor ON debtor.id = cases.partner_id
         LEFT JOIN res_partner chosen ON chosen.id = debtor.collection_contact_id
         LEFT JOIN (
                SELECT DISTINCT ON (commercial_partner_id)
                       commercial_partner_id AS debtor_id, id, email_normalized
                  FROM res_partner WHERE type = 'invoice' AND active
                 ORDER BY commercial_partner_id, (id = commercial_partner_id) DESC,
                          complete_name, id DESC
              ) invoice ON invoice.debtor_id = debtor.id
             WHERE CASE WHEN chosen.id IS NOT NULL THEN chosen.email_normalized
                        WHEN invoice.id IS NOT NULL THEN invoice.email_normalized
                        ELSE debtor.email_normalized END IS NULL
            )"""
        )
