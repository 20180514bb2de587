"""The engine agrees with an independent oracle in worlds that hypothesis makes up.

A pool of real, posted invoices is made once. Each example moves dates, amounts, stages
and settings of that pool by SQL, lets the engine work, compares, and rolls back.
"""

from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tools import SQL

from odoo.addons.collections_mgmt.models.collection_engine import Scope
from odoo.addons.collections_mgmt.tests.common import CollectionCommon

from .oracle import Oracle
from .worlds import ITEMS_OF_DEBTOR, STAGES_OF_STRATEGY, worlds

# The same examples on every machine; no limit to the time that shrinking takes.
PROPERTY = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG_PROPERTY = settings(PROPERTY, max_examples=10)


class WorldCase(CollectionCommon):
    """A pool of invoices, credit notes and stages that takes any world's shape."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strategies = {
            name: cls._create_strategy(name, {}) for name in STAGES_OF_STRATEGY
        }
        cls.stages = [
            cls._create_stage(cls.strategies[name], 0, f"{name}{number}")
            for name, count in STAGES_OF_STRATEGY.items()
            for number in range(count)
        ]
        cls.steps = {
            (number, channel): stage.step_ids
            if channel == "email"
            else cls._create_step(cls, stage, "task")
            for number, stage in enumerate(cls.stages)
            for channel in ("email", "task")
        }
        cls.env.company.collection_strategy_id = cls.strategies["A"]
        cls.branch = cls._create_branch("Branch")
        cls.debtors = [cls._create_debtor(f"Debtor {n}") for n, _c in enumerate("ab")]
        cls.moves = [
            cls._create_overdue_invoice(debtor, 1)
            for debtor, count in zip(cls.debtors, ITEMS_OF_DEBTOR, strict=True)
            for _number in range(count)
        ]
        cls.credit_notes = [
            cls._create_credit_note(debtor, 50.0) for debtor in cls.debtors
        ]
        # In sudo: as the planning job, which reads the whole company's books.
        cls.engine = cls.env["collection.engine"].sudo()
        cls.scope = Scope(cls.env.company, cls.today)
        cls.engine._sync(cls.scope)
        cls.items = [cls._items(cls, move) for move in cls.moves]
        cls.cases = [cls._case(cls, debtor) for debtor in cls.debtors]
        cls.numbers = {item.id: number for number, item in enumerate(cls.items)}
        cls.stage_numbers = {stage.id: n for n, stage in enumerate(cls.stages)}
        cls.past = [cls._create_past(number) for number, _c in enumerate(cls.cases)]
        cls.env.flush_all()

    @classmethod
    def _create_past(cls, number):
        """Give a case the contacts of which a world uses some; return them by kind."""
        case = cls.cases[number]
        # In sudo: what the engine writes is closed to everybody else.
        Contact = cls.env["collection.contact"].sudo()
        past = {}
        for kind, values in cls._get_past(case).items():
            past[kind] = Contact.create(
                {
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "company_id": case.company_id.id,
                    "channel": "email",
                    "state": "dropped",
                    "date_planned": cls.today,
                    **values,
                }
            )
        for item in case.item_ids:
            past["task"].line_ids.create(
                {"contact_id": past["task"].id, "item_id": item.id}
            )
        return past

    @classmethod
    def _get_past(cls, case):
        """Return {kind: values} of a case's contacts, the first one first."""
        message = {"stage_id": cls.stages[0].id}
        branches = {False: cls.env.company, True: cls.branch}
        return {
            "task": {"channel": "task"},
            "message": message,
            **{
                ("branch", is_branch): {**message, "branch_id": company.id}
                for is_branch, company in branches.items()
            },
            **{
                ("invoice", cls.numbers[item.id]): {
                    **message,
                    "move_id": item.move_id.id,
                }
                for item in case.item_ids.sorted(lambda item: cls.numbers[item.id])
            },
            "failed": {"stage_id": cls.stages[1].id},
            "call": {"channel": "call", "user_id": cls.env.uid, **message},
            "thanks": {"date_opened": cls.today},
            "pending": {},
        }

    # FROM A WORLD TO THE DATABASE

    @contextmanager
    def _world(self, world):
        """Be in the world, items and cases in line with its ledger."""
        with closing(self.cr.savepoint(flush=False)):
            self.env.invalidate_all(flush=False)
            self.cr.execute(SQL("; ").join(self._get_statements(world)))
            self.cr.execute("SET LOCAL jit = off")  # as in a run
            self.engine._sync(self.scope)
            yield Oracle(world)
        self.env.invalidate_all(flush=False)

    def _get_statements(self, world):
        for stage in world.stages:
            yield from self._get_stage_statements(stage)
        for name, strategy in world.strategies.items():
            yield self._update(
                self.strategies[name],
                tolerance_amount=self._money(strategy.tolerance),
                minimum_amount=self._money(strategy.minimum),
                minimum_gap_days=strategy.gap,
                grouping=strategy.grouping,
                credit_policy="apart" if strategy.keeps_credits_apart else "oldest",
            )
        default = world.default and self.strategies[world.default].id
        yield self._update(self.env.company, collection_strategy_id=default)
        for item in world.items:
            yield from self._get_item_statements(item)
        for debtor in world.debtors:
            yield from self._get_debtor_statements(debtor)

    def _get_stage_statements(self, stage):
        yield self._update(
            self.stages[stage.id],
            days=stage.days,
            sequence=stage.sequence,
            minimum_days=stage.minimum_days,
            active=stage.is_active,
        )
        yield self._update(
            self.steps[stage.id, "email"],
            fallback_channel=stage.fallback,
            condition=stage.condition,
        )
        yield self._update(self.steps[stage.id, "task"], delay_days=stage.task_delay)

    def _get_item_statements(self, item):
        record, move = self.items[item.id], self.moves[item.id]
        company = self.branch if item.is_in_branch else self.env.company
        own = item.own_strategy and self.strategies[item.own_strategy].id
        stage = None if item.stage is None else self.stages[item.stage].id
        passed = None if item.passed is None else self.stages[item.passed].id
        yield self._update(move, company_id=company.id, collection_strategy_id=own)
        yield self._update(
            record.move_line_id,
            company_id=company.id,
            date_maturity=self._ago(item.late),
            amount_residual=self._money(item.amount),
            amount_residual_currency=self._money(item.amount),
            no_followup=item.is_excluded,
        )
        yield self._update(
            record,
            stage_id=stage,
            passed_stage_id=passed,
            stage_date=None if item.age is None else self._ago(item.age),
            amount_promised=self._money(item.promised),
            amount_disputed=self._money(item.disputed),
            amount_held=self._money(item.held),
        )
        yield self._update(
            self.past[item.debtor]["task"].line_ids.filtered(
                lambda line: line.item_id == record
            ),
            stage_id=stage,
            step_id=stage and self.steps[item.stage, "task"].id,
            is_counted=item.has_task_done,
        )

        yield from self._get_message_statements(
            self.past[item.debtor]["invoice", item.id], item.has_opened
        )

    def _get_message_statements(self, message, has_opened):
        """Let a message have left, unless ``has_opened`` is None: there was none."""
        if has_opened is not None:
            opened = self.today if has_opened else None
            yield self._update(message, state="sent", date_opened=opened)

    def _get_debtor_statements(self, debtor):
        case, past = self.cases[debtor.id], self.past[debtor.id]
        [credit] = self._get_receivable_lines(self.credit_notes[debtor.id])
        yield self._update(credit, amount_residual=-self._money(debtor.credit))
        yield self._update(
            case.partner_id, email_normalized="a@b.test" if debtor.has_email else None
        )
        yield self._update(
            case,
            date_last_contact=self._ago(debtor.contacted),
            hold_date=None if debtor.hold is None else self._ago(-debtor.hold),
            reply_date=self.today if debtor.has_replied else None,
        )
        yield self._update(past["task"], state="sent")
        yield from self._get_message_statements(past["message"], debtor.has_opened)
        for is_branch, has_opened in debtor.has_opened_of.items():
            message = past["branch", is_branch]
            yield from self._get_message_statements(message, has_opened)
        if debtor.has_been_called:
            yield self._update(past["call"], state="sent", outcome="attempted")
        if debtor.has_been_thanked:
            yield self._update(past["thanks"], state="sent")
        if debtor.failed is not None:
            yield self._update(
                past["failed"], state="failed", date_done=self._ago(debtor.failed)
            )
        if debtor.pending:
            yield self._update(past["pending"], state=debtor.pending)

    def _update(self, record, **values):
        return SQL(
            "UPDATE %s SET %s WHERE id = %s",
            SQL.identifier(record._table),
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value)
                for name, value in values.items()
            ),
            record.id,
        )

    def _money(self, cents):
        return Decimal(cents) / 100

    def _cents(self, amount):
        return round((amount or 0) * 100)

    def _ago(self, days):
        return None if days is None else self.today - timedelta(days=days)

    def _number(self, stage_id):
        return stage_id and self.stage_numbers[stage_id]


class TestProperties(WorldCase):
    @PROPERTY
    @given(worlds())
    def test_the_engine_concludes_what_the_rules_say(self, world):
        with self._world(world) as oracle:
            self._check_credits(oracle)
            self._check_stages(oracle)
            self.engine._decide(self.scope)
            self._check_decisions(oracle)
            run = (
                self.env["collection.run"]
                .sudo()
                .create({"date": self.today, "company_id": self.env.company.id})
            )
            self.engine._plan_contacts(self.scope, run)
            self._check_contacts(oracle, run)

    def _check_credits(self, oracle):
        """Credits cover the oldest items first, and nothing twice."""
        covered = {
            self.numbers[item_id]: self._cents(credit)
            for item_id, credit in self.env.execute_query(
                SQL(
                    "SELECT id, amount_credit FROM collection_item"
                    " WHERE state = 'open' AND id = ANY(%s)",
                    list(self.numbers),
                )
            )
        }
        self.assertEqual(covered, oracle.covered)
        strategy = oracle.world.strategies.get(oracle.world.default)
        for debtor in oracle.world.debtors:
            items = oracle.items[debtor.id]
            is_apart = strategy and strategy.keeps_credits_apart
            owed = sum(item.amount for item in items)
            self.assertEqual(
                sum(covered[item.id] for item in items),
                0 if is_apart else min(debtor.credit, owed),
            )
            self.assertTrue(all(covered[item.id] <= item.amount for item in items))

    def _check_stages(self, oracle):
        """An item climbs to the next stage when its days have come."""
        due = {
            self.numbers[item_id]: stage_id and (self._number(stage_id), is_late)
            for item_id, stage_id, is_late in self.env.execute_query(
                SQL(
                    "WITH %s SELECT id, due_stage_id, is_late_step FROM (%s) fact",
                    self.engine._get_stage_ctes_sql(),
                    self.engine._get_item_facts_sql(self.scope, SQL("TRUE")),
                )
            )
        }
        expected = {
            item.id: (found := oracle.get_due(item)) and (found[0].id, found[1])
            for items in oracle.items.values()
            for item in items
        }
        self.assertEqual(due, expected)

    def _check_decisions(self, oracle):
        """The first rule that applies is the decision; together they are all."""
        decisions = [
            (decision, self._cents(amount))
            for decision, amount in self.env.execute_query(
                SQL(
                    "SELECT decision, amount_overdue FROM collection_case"
                    " WHERE id = ANY(%s) ORDER BY id",
                    [case.id for case in self.cases],
                )
            )
        ]
        expected = [oracle.decide(debtor) for debtor in oracle.world.debtors]
        self.assertEqual([decision for decision, _amount in decisions], expected)
        overdue = sum(
            item.amount
            for items in oracle.items.values()
            for item in items
            if item.late > 0
        )
        self.assertEqual(sum(amount for _decision, amount in decisions), overdue)

    def _check_contacts(self, oracle, run):
        """Each group has one contact per step, with every due item in it."""
        contacts = [self._read_contacts(run, case) for case in self.cases]
        expected = [oracle.get_contacts(debtor) for debtor in oracle.world.debtors]
        self.assertEqual(contacts, expected)

    def _read_contacts(self, run, case):
        """Return what the oracle returns; a contact twice fails."""
        contacts = {}
        channels = {step.id: channel for (_n, channel), step in self.steps.items()}
        for contact in run.contact_ids.filtered(lambda c: c.case_id == case):
            group = None
            if contact.move_id:
                group = self.moves.index(contact.move_id)
            elif contact.branch_id:
                group = contact.branch_id == self.branch
            step = channels[contact.step_id.id]
            key = (group, self._number(contact.stage_id.id), step)
            self.assertNotIn(key, contacts, "One contact for a group and step.")
            told = {
                self.numbers[line.item_id.id]: self._number(line.stage_id.id or None)
                for line in contact.line_ids
            }
            contacts[key] = (contact.channel, told)
        return contacts

    # DAY BY DAY: every message that is planned leaves

    @LONG_PROPERTY
    @given(worlds(), st.lists(st.integers(1, 4), min_size=5, max_size=7))
    def test_day_by_day_nobody_jumps_goes_back_or_hears_a_thing_twice(
        self, world, steps
    ):
        world = replace(
            world,
            default="A",
            debtors=tuple(replace(d, pending=None, hold=None) for d in world.debtors),
        )
        day = 0
        messages = []
        with self._world(world):
            for step in steps:
                day += step
                before = [self._get_passed(number) for number in self.numbers.values()]
                with self._day(day):
                    contacts = self._plan().contact_ids.sudo()
                    contacts._set_sent()
                    self.env.flush_all()
                    self.assertFalse(self._plan().contact_ids, "Once a day.")
                for contact in contacts:
                    self._check_contact(world, contact, day, before)
                messages += [(day, contact) for contact in contacts]
            self._check_messages(world, messages)

    def _get_passed(self, number):
        return self._number(self.items[number].passed_stage_id.id or None)

    def _check_contact(self, world, contact, day, before):
        for line in contact.line_ids.filtered("stage_id"):
            number = self.numbers[line.item_id.id]
            item = world.items[number]
            stage = world.stages[self._number(line.stage_id.id)]
            passed = before[number]
            if contact.step_id.delay_days:
                self.assertEqual(stage.id, passed, "It is still in that stage.")
            elif stage.days < 0:
                self.assertLess(item.late + day, 0, "A reminder, before the due date.")
            else:
                self._check_climb(world, item, stage, passed)
                self.assertGreaterEqual(item.late + day, stage.days)

    def _check_climb(self, world, item, stage, passed):
        floor = (-99,) if passed is None else world.stages[passed].key
        self.assertGreater(stage.key, floor, "Never back.")
        jumped = [
            other
            for other in world.stages
            if other.is_active
            and other.strategy == (item.own_strategy or world.default)
            and other.days >= 0
            and floor < other.key < stage.key
        ]
        self.assertFalse(jumped, "Never more than one stage.")

    def _check_messages(self, world, messages):
        told = [
            (line.item_id.id, line.stage_id.id, contact.step_id.id)
            for _day, contact in messages
            for line in contact.line_ids.filtered("stage_id")
        ]
        self.assertEqual(len(told), len(set(told)), "Each step once for an item.")
        for item in world.items:
            self._check_rest(world, item, messages)
        gap = world.strategies[world.default].gap
        for case in self.cases:
            days = sorted(
                {
                    day
                    for day, contact in messages
                    if contact.case_id == case and contact.channel != "task"
                }
            )
            for earlier, later in zip(days, days[1:], strict=False):
                self.assertGreaterEqual(later - earlier, gap)

    def _check_rest(self, world, item, messages):
        """An item stays in a stage as long as the next one wants."""
        climbs = {
            self._number(line.stage_id.id): day
            for day, contact in messages
            if not contact.step_id.delay_days
            for line in contact.line_ids.filtered("stage_id")
            if self.numbers[line.item_id.id] == item.id and line.stage_id.days >= 0
        }
        reached = None if item.age is None else -item.age
        for stage, day in sorted(climbs.items(), key=lambda climb: climb[1]):
            if reached is not None:
                self.assertGreaterEqual(day - reached, world.stages[stage].minimum_days)
            reached = day
