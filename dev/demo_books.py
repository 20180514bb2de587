# Read by `odoo shell`: writes the sample company's books into a fresh database and
# replays the last weeks, so that the cases stand at different stages.
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

REPLAYED_DAYS = 45

env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
company = env.ref("base.main_company")
summary = env["collection.demo"]._load(company_xmlid="base.main_company")
collectors = env["res.users"].search([("login", "in", ("collector", "collector2"))])
debtors = env["res.partner"].browse(summary["partner_ids"].values())
for number, debtor in enumerate(debtors.with_company(company)):
    # Every third debtor has no collector yet.
    debtor.collection_agent_id = collectors[number % 3 : number % 3 + 1]
env.cr.commit()


def run_of(day):
    """Plan and deliver one past day; its mails are taken as sent, none leaves."""
    env["collection.run"]._plan(company, day)
    env["collection.contact"].search([("state", "=", "planned")])._process()
    mails = env["mail.mail"].search([("state", "=", "outgoing")])
    for mail in mails:
        mail._postprocess_sent_message(mail.recipient_ids, [])
    env.cr.commit()


today = fields.Date.today()
for age in range(REPLAYED_DAYS, 0, -1):
    day = today - timedelta(days=age)
    with freeze_time(f"{day} 12:00:00"):
        run_of(day)
# From today on somebody looks at these before they leave: the review list has content.
for stage in ("first", "second", "final"):
    env.ref(f"collections_mgmt.collection_stage_{stage}").needs_approval = True
env.cr.commit()
print("demo books written on", today, "for company", company.id)
