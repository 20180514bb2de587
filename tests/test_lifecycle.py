"""Installing, upgrading and removing the suite on a real database."""

from .conftest import MODULES


def test_an_upgrade_is_clean(own_db):
    log, _output = own_db.odoo("-u", MODULES, "--stop-after-init")
    assert "WARNING" not in log and "ERROR" not in log, log


def test_an_upgrade_brings_what_an_older_version_lacked(own_db, smtp):
    removed = own_db.shell(
        """
        overdue_invoice("Late Ltd", "late@example.com", 40, 250)
        sent = len(run_and_deliver().contact_ids)
        used = env["collection.step"].search([]).template_id
        unused = env["mail.template"].search(
            [("model", "=", "collection.contact"), ("id", "not in", used.ids)])
        names = unused.mapped("name")
        unused.unlink()
        env.cr.commit()
        result({"sent": sent, "names": names})
        """,
        smtp_port=smtp.port,
    )
    assert removed["sent"] == 1
    assert removed["names"]
    log, _output = own_db.odoo("-u", MODULES, "--stop-after-init")
    assert "WARNING" not in log and "ERROR" not in log, log
    names = own_db.shell('result(env["mail.template"].search([]).mapped("name"))')
    assert set(removed["names"]) <= set(names)


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
        env.cr.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'collections%'")
        functions = [name for [name] in env.cr.fetchall()]
        left = tables + columns + functions
        result({{"states": modules.mapped("state"), "left": left}})
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
