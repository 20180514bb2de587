"""The way into the demonstration books from XML data files and scripts."""

import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

DEFAULT_SEED = 19
DEFAULT_DEBTORS = 60
DEFAULT_INVOICES = 3000


class CollectionDemo(models.AbstractModel):
    _name = "collection.demo"
    _description = "Collection Demonstration Books"

    @api.model
    def _load(
        self,
        today=None,
        seed=DEFAULT_SEED,
        debtors=DEFAULT_DEBTORS,
        invoices=DEFAULT_INVOICES,
        company_xmlid=None,
    ):
        """Plan the books, write them into a company and create the log-ins.

        :param today: the last day of the books, as a date or ISO text; by default the
            current day.
        :param company_xmlid: external id of the company to fill. When no company has
            it yet, a company is created and gets it; without it, one is created.
        :return: the summary of ``loader.load_books`` with the ids of the users added
            under ``user_ids``, by role.
        """
        # Imported here to keep everyday start-up free of demonstration material.
        from .books import plan_books  # noqa: PLC0415
        from .loader import load_books  # noqa: PLC0415
        from .teams import create_team  # noqa: PLC0415
        from .users import create_users  # noqa: PLC0415

        today = fields.Date.to_date(today) or fields.Date.context_today(self)
        company = company_xmlid and self.env.ref(company_xmlid, False)
        plan = plan_books(today, seed=seed, debtors=debtors, invoices=invoices)
        summary = load_books(self.env, plan, company=company or None)
        loaded = self.env["res.company"].sudo().browse(summary["company_id"])
        if company_xmlid and not company:
            self._name_company(loaded, company_xmlid)
        users = create_users(self.env, loaded)
        create_team(self.env, loaded, users)
        summary["user_ids"] = {role: user.id for role, user in users.items()}
        _logger.info(
            "Demonstration books loaded: company %s, %s debtors, %s invoices",
            summary["company_id"],
            summary["debtors"],
            summary["invoices"],
        )
        return summary

    def _name_company(self, company, xmlid):
        self.env["ir.model.data"].sudo()._update_xmlids(
            [{"xml_id": xmlid, "record": company, "noupdate": True}]
        )
