# Read by `odoo shell`: runs today's collection, sends the messages, says what happened.
import mailbox
import os
import pathlib

from odoo.tools import format_date, formatLang

company = env.ref("base.main_company")  # noqa: F821
env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})  # noqa: F821
run = env["collection.run"]._plan(company.with_env(env))
env.cr.commit()
Contact = env["collection.contact"]
while Contact.search_count(Contact._get_ready_domain()):
    Contact._cron_deliver()
# Straight from the queue, as its job does: the catcher is a real SMTP server.
env["mail.mail"].search([("state", "=", "outgoing")]).send(auto_commit=True)
# The worklists are in order as after a night.
env["collection.engine"]._cron_rank()
env.cr.commit()
env.invalidate_all()


def money(amount):
    return formatLang(env, amount, currency_obj=run.currency_id)


labels = dict(run.decision_ids._fields["decision"]._description_selection(env))
print(f"\n{company.name}, {format_date(env, run.date)}")
print(
    f"{run.case_count} debtors, {money(run.amount_overdue)} overdue;"
    f" {run.item_opened_count} new items, {run.item_closed_count} settled\n"
)
print(f"  {'what was decided':<34}{'debtors':>8}{'overdue':>20}")
for line in run.decision_ids.sorted(lambda line: -line.case_count):
    print(
        f"  {labels[line.decision]:<34}{line.case_count:>8}"
        f"{money(line.amount_overdue):>20}"
    )
print(
    f"\n  {'contacts by stage':<34}{'sent':>8}{'to approve':>12}{'tasks':>8}"
    f"{'later':>8}{'blocked':>8}{'failed':>8}{'dropped':>8}"
)
for stage, contacts in sorted(
    run.contact_ids.grouped("stage_id").items(), key=lambda pair: pair[0].days
):
    mails = contacts.filtered(lambda contact: contact.channel != "task")
    print(
        f"  {stage.name:<34}"
        f"{len(mails.filtered(lambda contact: contact.state == 'sent')):>8}"
        f"{len(mails.filtered(lambda contact: contact.state == 'review')):>12}"
        f"{len(contacts - mails):>8}"
        f"{len(contacts.filtered(lambda contact: contact.state == 'planned')):>8}"
        f"{len(contacts.filtered(lambda contact: contact.state == 'blocked')):>8}"
        f"{len(contacts.filtered(lambda contact: contact.state == 'failed')):>8}"
        f"{len(contacts.filtered(lambda contact: contact.state == 'dropped')):>8}"
    )
waiting = run.contact_ids.filtered(lambda contact: contact.state == "planned")
for contact in waiting.sorted("slot")[:5]:
    print(f"\n  {contact.partner_id.name}, {contact.stage_id.name}: waits")
    print("    " + contact.verdict_text.replace("\n", "\n    "))
if not run.contact_ids:
    print("  nothing to send: everybody due today was contacted already")
print()
sent = run.contact_ids.filtered(
    lambda contact: contact.state == "sent" and contact.channel == "email"
)
caught = {mail["Message-ID"] for mail in mailbox.Maildir(os.environ["MAILDIR"])}
missing = sent.filtered(
    lambda contact: contact.sudo().mail_message_id.message_id not in caught
)
if missing:
    raise SystemExit(f"{len(missing)} e-mails count as sent and are not in the mailbox")
pathlib.Path(os.environ["COLLECTIONS_STATE"], "run.ok").touch()
