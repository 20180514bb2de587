from lxml import etree

from odoo import models


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _generate_code_uncached(self, template):
        """EXTENDS: a text that is worded for many debtors is compiled once.

        Odoo compiles a template's text anew for each record. Where the context holds a
        dictionary ``collection_once``, what was compiled is kept in it.
        """
        compiled = self.env.context.get("collection_once")
        if compiled is None or not isinstance(template, etree._Element):
            return super()._generate_code_uncached(template)
        key = (
            etree.tostring(template),
            *(self.env.context.get(name) for name in self._get_template_cache_keys()),
        )
        if key not in compiled:
            compiled[key] = super()._generate_code_uncached(template)
        return compiled[key]
