# Read by `odoo shell`: writes the sample company's books into a fresh database.
from odoo import fields

company = env.ref("base.main_company")  # noqa: F821
env["collection.demo"]._load(company_xmlid="base.main_company")  # noqa: F821
env.cr.commit()  # noqa: F821
print("demo books written on", fields.Date.today(), "for company", company.id)
