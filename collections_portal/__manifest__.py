{
    "name": "Collections: Customer Portal",
    "summary": "Customers see what they owe, per company and currency, in the portal",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Collections contributors",
    "license": "LGPL-3",
    "depends": ["collections_mgmt", "portal", "account_payment"],
    "data": ["views/portal_templates.xml"],
    "auto_install": True,
}
