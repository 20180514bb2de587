{
    "name": "Collections: Snailmail",
    "summary": "Dunning letters printed and posted by Odoo's Snailmail service",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Collections contributors",
    "license": "LGPL-3",
    "depends": ["collections_mgmt", "snailmail"],
    "data": [
        "views/collection_contact_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "auto_install": True,
}
