{
    "name": "Collections: SMS",
    "summary": "Dunning steps by text message, through any SMS gateway Odoo offers",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Collections contributors",
    "license": "LGPL-3",
    "depends": ["collections_mgmt", "sms"],
    "data": [
        "data/sms_template_data.xml",
        "views/collection_strategy_views.xml",
        "views/sms_template_views.xml",
        "wizards/sms_composer_views.xml",
    ],
    "auto_install": True,
}
