from odoo.addons.collections_mgmt.tests.common import CollectionCommon
from odoo.addons.sms.tests.common import SMSCommon


class SmsCommon(CollectionCommon, SMSCommon):
    """A strategy of one stage, whose step is a text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["sms.template"].create(
            {
                "name": "Overdue",
                "model_id": cls.env["ir.model"]._get_id("collection.contact"),
                "body": "{{ object.partner_id.name }}: please pay.",
            }
        )
        strategy = cls.env["collection.strategy"].create(
            {"name": "By SMS", "minimum_gap_days": 0}
        )
        cls.stage = cls.env["collection.stage"].create(
            {"name": "Text", "strategy_id": strategy.id, "days": 1}
        )
        cls.step = cls.env["collection.step"].create(
            {
                "stage_id": cls.stage.id,
                "channel": "sms",
                "sms_template_id": cls.template.id,
            }
        )
        cls.env.company.root_id.collection_strategy_id = strategy

    def _contact_of_overdue_debtor(self, phone):
        debtor = self._create_debtor(
            "Ana", phone=phone, country_id=self.env.ref("base.cl").id
        )
        self._create_overdue_invoice(debtor, days=5, amount=100)
        self._plan()
        return self._case(debtor).contact_ids
