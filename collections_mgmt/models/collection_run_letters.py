from odoo import api, fields, models
from odoo.fields import Domain


class CollectionRun(models.Model):
    _inherit = "collection.run"

    letter_count = fields.Integer(
        string="Letters to Print", compute="_compute_letter_count"
    )
    letters_file_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Printed Letters",
        domain=[("res_model", "=", "collection.run")],
        readonly=True,
    )

    @api.depends("contact_ids.state")
    def _compute_letter_count(self):
        Contact = self.env["collection.contact"]
        groups = Contact._read_group(
            Domain("run_id", "in", self.ids) & Domain(Contact._get_to_print_domain()),
            ["run_id"],
            ["__count"],
        )
        counts = {run.id: count for run, count in groups}
        for run in self:
            run.letter_count = counts.get(run.id, 0)

    def action_print_letters(self):
        """Print the letters of the run that wait for it into one file and open it."""
        self.ensure_one()
        letters = self.env["collection.contact"].search(
            [("run_id", "=", self.id), ("channel", "=", "letter")]
        )
        return letters.action_print_letters()
