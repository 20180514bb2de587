"""The main job on a real database with real processes and a real SMTP server."""

import email.policy

import pytest

RUN = """
    run = run_and_deliver()
    result({
        "decisions": {d.decision: d.case_count for d in run.decision_ids},
        "overdue": run.amount_overdue,
        "contacts": sorted((c.partner_id.name, c.channel, c.state, c.stage_id.days)
                           for c in run.contact_ids),
        "chatter": env["mail.message"].search_count(
            [("model", "=", "collection.case"),
             ("message_type", "=", "email_outgoing")]),
        "stages": {i.partner_id.name: i.stage_id.days if i.stage_id else None
                   for i in env["collection.item"].search([])},
    })
"""


@pytest.fixture(scope="module")
def books(own_db):
    own_db.shell(
        """
        overdue_invoice("Ferretería Ñuble & Cía", "nuble@example.com", 5, 100)
        overdue_invoice("Late Ltd", "late@example.com", 40, 250)
        overdue_invoice("No Address SpA", False, 12, 75)
        overdue_invoice("Punctual SA", "punctual@example.com", -20, 80)
        env.cr.commit()
        result(True)
        """
    )
    return own_db


def test_a_run_sends_each_debtor_one_message_and_a_second_run_sends_nothing(
    books, smtp
):
    first = books.shell(RUN, smtp_port=smtp.port)
    assert first["decisions"] == {"send": 3, "not_due": 1}
    assert first["overdue"] == 100 + 250 + 75
    assert first["contacts"] == [
        ["Ferretería Ñuble & Cía", "email", "sent", 0],
        ["Late Ltd", "email", "sent", 0],
        ["No Address SpA", "task", "sent", 0],
    ]
    assert first["stages"] == {
        "Ferretería Ñuble & Cía": 0,
        "Late Ltd": 0,
        "No Address SpA": 0,
        "Punctual SA": None,
    }
    assert first["chatter"] == 2
    assert len(smtp.messages) == 2

    second = books.shell(RUN, smtp_port=smtp.port)
    assert second["contacts"] == []
    assert second["stages"] == first["stages"]
    assert len(smtp.messages) == 2


def test_the_debtor_reads_what_the_case_shows(books):
    content = books.shell(
        """
        contact = env["collection.contact"].search(
            [("partner_id.name", "=", "Late Ltd"), ("channel", "=", "email")])
        message = contact.mail_message_id
        result({
            "on_case": message.res_id == contact.case_id.id,
            "subject": message.subject,
            "amount": "250.00" in message.body,
            "recipient": message.notification_ids.res_partner_id.name,
            "status": message.notification_ids.notification_status,
            "kept": "250.00" in contact.body,
        })
        """
    )
    assert content == {
        "on_case": True,
        "subject": "My Company – invoices due for payment",
        "amount": True,
        "recipient": "Late Ltd",
        "status": "sent",
        "kept": True,
    }


def test_a_payment_that_arrives_after_planning_stops_the_message(books, smtp):
    outcome = books.shell(
        """
        invoice = overdue_invoice("Pays Now", "now@example.com", 2)
        run = env["collection.run"]._plan(env.company)
        env.cr.commit()
        contact = run.contact_ids.filtered(
            lambda contact: contact.partner_id == invoice.partner_id)
        planned = contact.state
        env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        deliver()
        result([planned, contact.state, contact.reason])
        """,
        smtp_port=smtp.port,
    )
    assert outcome == [
        "planned",
        "dropped",
        "Paid, credited, excluded or not due any more.",
    ]
    assert smtp.messages == []


def test_a_message_the_server_refuses_is_no_reminder(books):
    nobody_listens = 1
    outcome = books.shell(
        """
        invoice = overdue_invoice("Unlucky", "unlucky@example.com", 2)
        run = run_and_deliver()
        contact = run.contact_ids.filtered(
            lambda contact: contact.partner_id == invoice.partner_id)
        again = run_and_deliver()
        result({
            "state": contact.state,
            "explained": bool(contact.reason),
            "stage": invoice.collection_stage_id.id,
            "decision": contact.case_id.decision,
            "tried_again": len(again.contact_ids),
        })
        """,
        smtp_port=nobody_listens,
    )
    assert outcome == {
        "state": "failed",
        "explained": True,
        "stage": False,
        "decision": "failed",
        "tried_again": 0,
    }


def test_a_name_with_markup_arrives_as_text(books, smtp):
    books.shell(
        """
        overdue_invoice("Áéí <Ñandú> & Hijos", "nandu@example.com", 1)
        result(run_and_deliver().id)
        """,
        smtp_port=smtp.port,
    )
    [message] = [m for m in smtp.messages if "nandu@example.com" in m["To"]]
    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    html = parsed.get_body(preferencelist=("html",)).get_content()
    assert "Áéí &lt;Ñandú&gt; &amp; Hijos" in html
