# Read by `odoo shell`: writes the sample company's books into a fresh database and
# replays the last weeks, so that the cases stand at different stages.
from datetime import timedelta
from email.message import EmailMessage

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tools import html2plaintext

from odoo.addons.collections_mgmt.demo.catalog import COMPLAINTS

REPLAYED_DAYS = 45
# Why each of the complaints is made
REASONS = ("quantity", "price", "quality", "duplicate", "unknown", "delivery")
# What the sample team and its rules say, on the screens of who works in Spanish
IN_SPANISH = {
    "Collections": "Cobranza",
    "Above one million": "Más de un millón",
    "Large amount": "Importe alto",
    "Call the owner yourself.": "Llame usted al dueño.",
    "Nothing happens": "Sin avances",
    "Talk with the collector: another channel, or another contact?": (
        "Hable con el gestor: ¿otro canal u otro contacto?"
    ),
}

env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
company = env.ref("base.main_company")
summary = env["collection.demo"]._load(company_xmlid="base.main_company")
if summary["differences"]:
    raise ValueError(f"{summary['differences']} documents have another total in Odoo")
collectors = env["res.users"].search([("login", "in", ("collector", "collector2"))])
debtors = env["res.partner"].browse(summary["partner_ids"].values())
for number, debtor in enumerate(debtors.with_company(company)):
    # Every third debtor has no collector yet.
    debtor.collection_agent_id = collectors[number % 3 : number % 3 + 1]
# What the law of some debtors wants, and only the company knows.
company.collection_payment_ways = (
    "Transfer to the current account 12345678 of Banco Ejemplo, or by card from the "
    "link in the invoice. Ask us for instalments."
)
company.with_context(lang="es_419").collection_payment_ways = (
    "Transferencia a la cuenta corriente 12345678 del Banco Ejemplo, o con tarjeta "
    "desde el enlace de la factura. Consúltenos por un convenio en cuotas."
)
for model, names in {
    "collection.team": ("name",),
    "collection.assignment.rule": ("name",),
    "collection.escalation.rule": ("name", "note"),
}.items():
    for record in env[model].search([]):
        for name in names:
            record.with_context(lang="es_419")[name] = IN_SPANISH[record[name]]
env["collection.consent"].create(
    [
        {
            "partner_id": debtor.id,
            "company_id": company.id,
            "channel_id": env.ref("collections_mgmt.collection_channel_email").id,
            "source": "contract",
            "proof": "Sales conditions, signed when the account was opened",
        }
        for debtor in debtors.filtered(lambda debtor: debtor.country_code == "CO")
    ]
)
env.cr.commit()


def run_of(day):
    """Plan and deliver one past day; its mails go to the mail catcher."""
    env["collection.run"]._plan(company, day)
    contacts = env["collection.contact"]
    contacts.search(contacts._get_ready_domain())._process()
    env["mail.mail"].search([("state", "=", "outgoing")]).send()
    env.cr.commit()


def contest(day):
    """Enter the complaints about invoices of those days as disputes."""
    moves = env["account.move"].search(
        [
            ("line_ids.no_followup", "=", True),
            ("move_type", "=", "out_invoice"),
            ("invoice_date", "<", day),
        ]
    )
    moves.no_followup = False
    run_of(day)
    for move in moves:
        said = move.message_ids.filtered_domain(
            [("author_id", "child_of", move.commercial_partner_id.id)]
        )[:1]
        items = move.collection_item_ids.filtered(lambda item: item.state == "open")
        if items:
            env["collection.dispute"].create(
                {
                    "case_id": items.case_id.id,
                    "user_id": (items.case_id.agent_id or collectors[:1]).id,
                    "reason_id": get_reason(
                        " ".join(html2plaintext(said.body).split())
                    ).id,
                    "description": said.body,
                    "line_ids": [
                        Command.create({"item_id": item.id}) for item in items
                    ],
                }
            )
    env.cr.commit()


def get_reason(complaint):
    """Return the reason in the catalogue for one of the sample complaints."""
    reasons = dict(zip(COMPLAINTS, REASONS, strict=True))
    return env.ref(f"collections_mgmt.collection_dispute_reason_{reasons[complaint]}")


def pick_cases(count):
    """Return overdue cases of which nothing was agreed yet, the largest first."""
    cases = env["collection.case"].search(
        [
            ("state", "=", "open"),
            ("company_id", "=", company.id),
            ("amount_overdue", ">", 0),
            ("agent_id", "!=", False),
            ("promise_ids", "=", False),
            ("dispute_ids", "=", False),
            ("item_hold_ids", "=", False),
        ],
        order="amount_overdue desc, id",
    )
    return cases[3 : 3 + count]


def hold(case, reason, receipt=None, **values):
    """Put what is open of a case on hold; ``receipt`` is the name of a file."""
    one = (
        env["collection.item.hold"]
        .with_user(case.agent_id)
        .create(
            {
                "case_id": case.id,
                "reason_id": env.ref(
                    f"collections_mgmt.collection_hold_reason_{reason}"
                ).id,
                **values,
            }
        )
    )
    if receipt:
        one.message_post(
            body="As sent by e-mail.", attachments=[(receipt, b"Transferred.")]
        )


def promise(case, date, **values):
    """Fill in the form of a promise about what is overdue."""
    form = (
        env["collection.promise.register"]
        .with_user(case.agent_id)
        .create(
            {"case_id": case.id, "date": date, "payment_method": "transfer", **values}
        )
    )
    form.action_register()
    return case.promise_ids[:1]


def pay(one):
    """Pay what was promised, in full."""
    for line in one.line_ids:
        env["account.payment.register"].with_context(
            active_model="account.move.line", active_ids=line.item_id.move_line_id.ids
        ).create({"amount": line.amount}).action_create_payments()


def announce(case, day):
    """Say on the page behind the last message's link that something of it is paid."""
    contact = case.contact_ids.filtered(
        lambda contact: contact.state == "sent" and contact._get_announceable_items()
    ).sorted("id")[-1:]
    paid = contact._get_announceable_items()[:1].amount_residual_currency
    contact._announce_payment(paid, day, "TR-31188", "203.0.113.7")


def write_anew(case, subject, text):
    """Let the debtor write an e-mail that answers none of ours."""
    message = EmailMessage()
    message["From"] = case.partner_id.email
    message["To"] = "cobranzas@example.com"
    message["Subject"] = subject
    message["Message-Id"] = f"<case-{case.id}@debtor.example.com>"
    message.set_content(f"<p>{text}</p>", subtype="html")
    env["mail.thread"].message_process("collection.case", message.as_bytes())


def agree(age, day):
    """Do what debtors and collectors agreed on some days."""
    if age in (40, 10, 1):
        contest(day)
    if age == 20:
        for number, case in enumerate(pick_cases(4)):
            kept = promise(case, day + timedelta(days=7 + number))
            if number % 2:
                promises_to_keep.append(kept)
    elif age == 12:
        for one in promises_to_keep:
            pay(one)
    elif age == 2:
        for number, case in enumerate(pick_cases(3)):
            promise(case, day + timedelta(days=5 + 2 * number))
        case = pick_cases(1)
        env["collection.plan.propose"].with_user(case.agent_id).create(
            {"case_id": case.id, "date": day + timedelta(days=10), "count": 4}
        ).action_register()
        case.promise_ids.with_user(case.agent_id).action_confirm()
    elif age == 1:
        first, second, third, fourth = pick_cases(4)
        hold(first, "document", note="The order number is missing on the invoice.")
        hold(second, "agreement", note="Until the new contract is signed.")
        paid = {"payment_date": day, "payment_method": "transfer"}
        hold(third, "announced", "transfer.txt", payment_reference="TR-20417", **paid)
        hold(fourth, "announced", note="Said on the phone.", **paid)
        first, second, third = pick_cases(3)
        hold(
            first, "agreement", is_whole_case=True, note="They merge: see their letter."
        )
        announce(second, day)
        write_anew(
            third,
            "Estado de cuenta de noviembre",
            "Buenos días: necesitamos un estado de cuenta para programar los pagos.",
        )
    env.cr.commit()


today = fields.Date.today()
promises_to_keep = []
for age in range(REPLAYED_DAYS, 0, -1):
    day = today - timedelta(days=age)
    # Office hours from Mexico to Spain: at others, contact rules let nothing leave.
    with freeze_time(f"{day} 15:30:00"):
        run_of(day)
        agree(age, day)
env["collection.escalation"]._cron_escalate()
# From today on somebody looks at these before they leave: the review list has content.
for stage in ("first", "second", "final"):
    env.ref(f"collections_mgmt.collection_stage_{stage}").needs_approval = True
env.cr.commit()
print("demo books written on", today, "for company", company.id)
