"""Installing, upgrading and removing the suite on a real database."""

from .conftest import MODULES


def test_an_upgrade_is_clean(own_db):
    log, _output = own_db.odoo("-u", MODULES, "--stop-after-init")
    assert "WARNING" not in log and "ERROR" not in log, log


def test_without_the_suite_odoo_works_as_before(own_db):
    left = own_db.shell(
        f"""
        modules = env["ir.module.module"].search(
            [("name", "in", "{MODULES}".split(","))])
        modules.button_immediate_uninstall()
        env.cr.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_name LIKE 'collection%'")
        tables = [name for [name] in env.cr.fetchall()]
        env.cr.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name LIKE 'collection%'")
        columns = [name for [name] in env.cr.fetchall()]
        result({{"states": modules.mapped("state"), "left": tables + columns}})
        """
    )
    assert left == {"states": ["uninstalled"] * len(MODULES.split(",")), "left": []}
    worked = own_db.shell(
        """
        from odoo import Command
        if not env.company.chart_template:
            env["account.chart.template"].try_loading(
                "generic_coa", company=env.company)
        invoice = env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create({"name": "After"}).id,
            "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1})],
        })
        invoice.action_post()
        env["res.partner"].get_views([(False, "form")])
        env["account.move"].get_views([(False, "form"), (False, "list")])
        result(invoice.state)
        """
    )
    assert worked == "posted"
