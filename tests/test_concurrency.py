"""Several processes at once: runs, delivery jobs, payments and people.

Each child of the warm Odoo is a process with a transaction of its own. Gates put their
steps in the order a test is about.
"""

import pytest

from .warm_odoo import WarmOdoo

PRELUDE = """
    from collections import Counter

    from odoo.service.model import retrying

    Contact = env["collection.contact"]

    def debtor_of(name):
        return env["res.partner"].search([("name", "=", name)])

    def contacts_of(name):
        return Contact.search([("partner_id", "=", debtor_of(name).id)], order="id")

    def invoice_of(name):
        return env["account.move"].search([
            ("partner_id", "=", debtor_of(name).id), ("move_type", "=", "out_invoice")])

    def case_of(name):
        return env["collection.case"].search(
            [("partner_id", "=", debtor_of(name).id)])

    def call(act):
        '''Do as the server does with a user's click: try again after a conflict.'''
        retrying(act, env)
        env.cr.commit()

    def hold_first_batch(gate):
        '''Stop the delivery with its first batch done and not committed.'''
        process = type(Contact)._process_batch
        def _process_batch(self):
            process(self)
            if self and not held:
                held.append(self.ids)
                say("held", self.partner_id.mapped("name"))
                wait_for(gate)
        type(Contact)._process_batch = _process_batch
    held = []
"""

DELIVER = """
    say("begins")
    worked = []
    process_batch = type(Contact)._process_batch
    def _process_batch(self):
        worked.append(self.ids)
        process_batch(self)
    type(Contact)._process_batch = _process_batch
    Contact._cron_deliver(batch_size=2)
    result(sum(worked, []))
"""

PAY = """
    def pay():
        env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice_of({name!r}).ids
        ).create({{}})._create_payments()
    say("begins")
    call(pay)
    result(invoice_of({name!r}).payment_state)
"""

LOOK = """
    case = case_of({name!r})
    result({{
        "contacts": [(c.state, c.reason) for c in contacts_of({name!r})],
        "mails": env["mail.mail"].search_count(
            [("model", "=", "collection.case"), ("res_id", "=", case.id)]),
        "chatter": env["mail.message"].search_count(
            [("model", "=", "collection.case"), ("res_id", "=", case.id),
             ("message_type", "=", "email_outgoing")]),
        "collector": case.agent_id.name,
        "state": case.state,
        "decision": case.decision,
    }})
"""


class Office:
    """The books, and who works on them."""

    def __init__(self, odoo):
        self.odoo = odoo

    def start(self, script, **values):
        if values:
            script = script.format(**values)
        return self.odoo.start(PRELUDE + script)

    def run(self, script, **values):
        return self.odoo.finish(self.start(script, **values))

    def add_debtors(self, *names):
        self.run(
            f"""
    for name in {names!r}:
        overdue_invoice(name, f"{{name.lower()}}@example.com", 5)
    env.cr.commit()
    result(True)
"""
        )

    def plan(self):
        """Plan today; return the names of who has a contact in the run."""
        return self.run(
            """
    run = env["collection.run"]._plan(env.company)
    env.cr.commit()
    result(sorted(run.contact_ids.partner_id.mapped("name")))
"""
        )

    def look(self, name):
        return self.run(LOOK, name=name)


@pytest.fixture(scope="module")
def office(own_db):
    # The chart of accounts is there before anybody is in a hurry.
    own_db.shell('overdue_invoice("First", "first@example.com", 5)\nresult(True)')
    with WarmOdoo(own_db) as odoo:
        yield Office(odoo)


def test_of_two_runs_at_once_one_waits_its_turn(office):
    office.add_debtors("Run-A", "Run-B")
    first = office.start(
        """
    run = env["collection.run"]._plan(env.company)
    say("planned")
    wait_for("first run")
    env.cr.commit()
    result(len(run.contact_ids))
"""
    )
    office.odoo.hear(first, "planned")
    refused = office.run(
        """
    from odoo.exceptions import UserError
    try:
        env["collection.run"]._plan(env.company)
    except UserError as error:
        result(str(error))
"""
    )
    assert refused == (
        "Another collection run of My Company is going on. Wait until it has finished."
    )
    office.odoo.open_gate("first run")
    assert office.odoo.finish(first) == 2
    assert office.plan() == []


def test_a_run_that_began_before_another_ended_plans_nothing_twice(office):
    office.add_debtors("Race-A", "Race-B")
    late = office.start(
        """
    tries = []
    def plan():
        env["res.company"].search_count([])  # from here on it sees the books of now
        if not tries:
            say("looked")
            wait_for("other run")
        tries.append(True)
        run = env["collection.run"]._plan(env.company)
        planned.append(len(run.contact_ids))
    planned = []
    call(plan)
    result(planned)
"""
    )
    office.odoo.hear(late, "looked")
    assert office.plan() == ["Race-A", "Race-B"]
    office.odoo.open_gate("other run")
    assert office.odoo.finish(late) == [0]
    assert len(office.look("Race-A")["contacts"]) == 1


def test_two_delivery_jobs_share_the_work(office):
    names = [f"Share-{number}" for number in range(12)]
    office.add_debtors(*names)
    office.plan()
    jobs = [office.start(DELIVER) for _job in range(2)]
    first, second = (office.odoo.finish(job) for job in jobs)
    assert first and second, "Both did something."
    assert not set(first) & set(second)
    for name in names:
        outcome = office.look(name)
        assert outcome["contacts"] == [["queued", False]]
        assert outcome["mails"] == outcome["chatter"] == 1


def test_a_job_passes_over_what_another_is_at_work_on(office):
    names = [f"Skip-{number}" for number in range(4)]
    office.add_debtors(*names)
    office.plan()
    slow = office.start(
        """
    hold_first_batch("slow job")
    Contact._cron_deliver(batch_size=2)
    result(True)
"""
    )
    held = office.odoo.hear(slow, "held")
    assert len(held) == 2
    quick = office.run(DELIVER)
    assert len(quick) == 2
    office.odoo.open_gate("slow job")
    office.odoo.finish(slow)
    for name in names:
        assert office.look(name)["mails"] == 1


def test_what_another_process_paid_after_planning_is_not_asked_for(office):
    office.add_debtors("Early")
    office.plan()
    assert office.run(PAY, name="Early") in ("paid", "in_payment")
    office.run(DELIVER)
    outcome = office.look("Early")
    assert outcome["contacts"] == [
        ["dropped", "Paid, credited, excluded or not due any more."]
    ]
    assert outcome["mails"] == 0
    assert outcome["state"] == "closed"


def test_a_payment_during_a_delivery_batch_loses_nothing(office):
    """Either it waits until the batch is through, or the batch is tried again."""
    office.add_debtors("During")
    office.plan()
    job = office.start(
        """
    hold_first_batch("payment")
    Contact._cron_deliver()
    result(True)
"""
    )
    assert office.odoo.hear(job, "held") == ["During"]
    payment = office.start(PAY, name="During")
    office.odoo.hear(payment, "begins")
    office.odoo.open_gate("payment")
    assert office.odoo.finish(payment) in ("paid", "in_payment")
    office.odoo.finish(job)
    assert office.plan() == []
    outcome = office.look("During")
    [[state, _reason]] = outcome["contacts"]
    assert state in ("queued", "dropped", "failed")
    assert outcome["chatter"] <= 1
    assert outcome["state"] == "closed"


def test_a_collector_assigned_during_a_delivery_batch_stays_assigned(office):
    office.add_debtors("Assigned")
    office.plan()
    job = office.start(
        """
    hold_first_batch("assignment")
    Contact._cron_deliver()
    result(True)
"""
    )
    office.odoo.hear(job, "held")
    person = office.start(
        """
    def assign():
        tries.append(True)
        case_of("Assigned").agent_id = env.ref("base.user_admin")
    tries = []
    say("begins")
    call(assign)
    result(len(tries))
"""
    )
    office.odoo.hear(person, "begins")
    office.odoo.open_gate("assignment")
    office.odoo.finish(person)
    office.odoo.finish(job)
    outcome = office.look("Assigned")
    assert outcome["collector"] == "Administrator"
    assert outcome["contacts"] == [["queued", False]]
    assert outcome["decision"] == "queued"


def test_a_case_changed_since_the_job_looked_is_delivered_all_the_same(office):
    office.add_debtors("Changed")
    office.plan()
    job = office.start(
        """
    Contact.search_count([])  # from here on it sees the books of now
    say("looked")
    wait_for("change")
    Contact._cron_deliver()
    result(True)
"""
    )
    office.odoo.hear(job, "looked")
    office.run(
        """
    case_of("Changed").agent_id = env.ref("base.user_admin")
    env.cr.commit()
    result(True)
"""
    )
    office.odoo.open_gate("change")
    office.odoo.finish(job)
    outcome = office.look("Changed")
    assert outcome["contacts"] == [["queued", False]]
    assert outcome["mails"] == 1


def test_a_conflict_in_the_middle_of_a_batch_is_no_failure(office):
    """A module writes on the debtor while a message is made, and so does a user."""
    office.add_debtors("Conflict-A", "Conflict-B")
    office.plan()
    job = office.start(
        """
    deliver = type(Contact)._deliver
    def _deliver(self):
        if not tries:
            say("at work")
            wait_for("conflict")
        if self:
            tries.append(self.ids)
        self.partner_id.comment = "Written to."
        env.flush_all()
        return deliver(self)
    type(Contact)._deliver = _deliver
    tries = []
    Contact._cron_deliver()
    result(len(tries))
"""
    )
    office.odoo.hear(job, "at work")
    office.run(
        """
    debtor_of("Conflict-A").comment = "A user was here."
    env.cr.commit()
    result(True)
"""
    )
    office.odoo.open_gate("conflict")
    assert office.odoo.finish(job) == 2
    for name in ("Conflict-A", "Conflict-B"):
        outcome = office.look(name)
        assert outcome["contacts"] == [["queued", False]]
        assert outcome["mails"] == outcome["chatter"] == 1


def test_the_planning_job_goes_on_after_a_conflict(office):
    """A collector changes a case while the job plans: the day is planned all the same.

    Without that the company would wait for the next day.
    """
    office.add_debtors("Daily")
    office.plan()
    office.run(DELIVER)
    office.run(
        """
    case_of("Daily").decision = False  # so that the job has something to write there
    env.cr.commit()
    result(True)
"""
    )
    job = office.start(
        """
    Engine = type(env["collection.engine"])
    sync = Engine._sync
    def _sync(self, scope):
        if not tries:
            say("at work")
            wait_for("planning")
        tries.append(True)
        return sync(self, scope)
    Engine._sync = _sync
    tries = []
    env["collection.run"]._cron_plan()
    result(len(tries))
"""
    )
    office.odoo.hear(job, "at work")
    office.run(
        """
    case_of("Daily").agent_id = env.ref("base.user_admin")
    overdue_invoice("Newcomer", "newcomer@example.com", 5)
    env.cr.commit()
    result(True)
"""
    )
    office.odoo.open_gate("planning")
    assert office.odoo.finish(job) == 2
    assert office.look("Newcomer")["contacts"] == [["planned", False]]
    assert office.look("Daily")["decision"] == "queued"
    assert office.look("Daily")["collector"] == "Administrator"


ASK = """
    from odoo.fields import Command
    say("begins")
    def ask():
        case = case_of("Last Call")
        wait_for({gate!r})
        data = Contact._ask_by_hand(case, "call")
        if data["result"] == "allow":
            Contact._reserve_by_hand(case, "call", data)
        answers.append(data["result"])
    answers = []
    call(ask)
    result(answers[-1])
"""


def test_two_people_cannot_both_take_the_last_contact_that_is_left(office):
    """Vector 20 of the rules: two ask at once, one may call, the other may not."""
    office.add_debtors("Last Call")
    office.plan()
    office.run(
        """
    env["collection.contact.rule"].create({
        "name": "One call a week", "code": "ONE", "kind": "cap", "maximum": 1,
        "period": "rolling", "days": 7})
    env.cr.commit()
    result(True)
"""
    )
    people = [office.start(ASK, gate="ask") for _person in range(2)]
    for person in people:
        office.odoo.hear(person, "begins")
    office.odoo.open_gate("ask")
    answers = [office.odoo.finish(person) for person in people]
    assert sorted(answers) == ["allow", "defer"]
    office.run(
        """
    env["collection.contact.rule"].search([("code", "=", "ONE")]).active = False
    env.cr.commit()
    result(True)
"""
    )


ASK_FOR_PRINCIPAL = """
    say("begins")
    def ask():
        case = env["collection.case"].search([
            ("partner_id.name", "=", "Owes Two"),
            ("company_id.name", "=", {principal!r}),
        ])
        wait_for("ask for a principal")
        data = Contact._ask_by_hand(case, "call")
        if data["result"] == "allow":
            Contact._reserve_by_hand(case, "call", data)
        answers.append(data["result"])
    answers = []
    call(ask)
    result(answers[-1])
"""


def test_an_agency_takes_the_last_contact_for_one_of_its_principals(office):
    """The two have cases of their own; the person is one."""
    office.run(
        """
    rule = env["collection.contact.rule"].create({
        "name": "One call a week", "code": "ONE", "kind": "cap", "maximum": 1,
        "period": "rolling", "days": 7})
    debtor = env["res.partner"].create({
        "name": "Owes Two", "country_id": env.ref("base.cl").id,
        "collection_tz": "America/Santiago"})
    for name in ("Principal One", "Principal Two"):
        principal = env["res.company"].create(
            {"name": name, "collection_actor": "agency"})
        env["collection.case"].create(
            {"partner_id": debtor.id, "company_id": principal.id})
    env.cr.commit()
    result(True)
"""
    )
    askers = [
        office.start(ASK_FOR_PRINCIPAL, principal=principal)
        for principal in ("Principal One", "Principal Two")
    ]
    for asker in askers:
        office.odoo.hear(asker, "begins")
    office.odoo.open_gate("ask for a principal")
    answers = [office.odoo.finish(asker) for asker in askers]
    office.run(
        """
    env["collection.contact.rule"].search([("code", "=", "ONE")]).active = False
    env.cr.commit()
    result(True)
"""
    )
    assert sorted(answers) == ["allow", "defer"]
