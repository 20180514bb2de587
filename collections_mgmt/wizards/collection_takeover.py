"""Going over to this suite: strategies, collectors and history of another program."""

from collections import Counter
from datetime import date
from math import inf

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, html_sanitize

from ..tools.takeover import place_levels
from .collection_preview import DryRunOverError
from .takeover_sources import SOURCES


class CollectionTakeover(models.TransientModel):
    _name = "collection.takeover"
    _description = "Take Over from Another Program"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain="[('parent_id', '=', False)]",
    )
    source = fields.Selection(
        "_get_source_options",
        default=lambda self: next((code for code, _n in self._get_source_options()), 0),
        help="The programs that are installed here.",
    )
    make_default = fields.Boolean(
        string="Use Its Policy for the Company",
        default=True,
        help="The policy that the other program uses by default becomes the company's "
        "strategy.",
    )
    report = fields.Text(readonly=True)
    is_done = fields.Boolean(readonly=True)

    @api.model
    def _get_source_options(self):
        return [
            (source.code, source.get_name(self.env)) for source in self._get_sources()
        ]

    @api.model
    def _get_sources(self):
        """Return the programs that are present here; others may be added."""
        return [source for source in SOURCES if source.is_present(self.env)]

    # WHAT THE BUTTONS DO

    def action_preview(self):
        """Say what would be taken over, and change nothing."""
        self.ensure_one()
        self._check_may_take_over()
        try:
            with self.env.cr.savepoint():
                raise DryRunOverError(self._take_over())
        except DryRunOverError as over:
            self.report = over.result
        return self._get_action()

    def action_take_over(self):
        """Take it over; what was taken over before is left as it is."""
        self.ensure_one()
        self._check_may_take_over()
        self.write({"report": self._take_over(), "is_done": True})
        return self._get_action()

    def _check_may_take_over(self):
        if not self.source:
            raise UserError(self._get_nothing_sentence())
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise AccessError(
                self.env._("Only a collections manager takes over from a program.")
            )
        if self.company_id not in self.env.companies or self.company_id.parent_id:
            raise UserError(
                self.env._("Choose one of your companies; branches come with it.")
            )

    def _get_nothing_sentence(self):
        return self.env._(
            "There is nothing to take over from: neither OCA's "
            "account_credit_control nor Odoo's follow-up is installed here, and "
            "customers have no follow-up fields of another program."
        )

    def _get_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take Over from Another Program"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # THE WORK

    def _take_over(self):
        """Do all of it and return the report, one line for each kind of thing."""
        # In sudo: the books of the whole company; the caller checked who asks.
        wizard = self.sudo().with_company(self.company_id)
        source = next(
            source for source in self._get_sources() if source.code == self.source
        )
        findings = source(wizard.env, self.company_id).find()
        counts = Counter()
        strategies, stages = wizard._create_strategies(findings, counts)
        wizard._assign_strategies(findings, strategies, counts)
        wizard._assign_agents(findings, counts)
        wizard._stop_left_alone(findings, counts)
        engine = wizard.env["collection.engine"]
        engine._sync(engine._get_scope(self.company_id))
        wizard._set_stages(findings, stages, counts)
        wizard._note_history(findings, stages, counts)
        wizard._plan_actions(findings, counts)
        wizard._keep_notes(findings, counts)
        return "\n".join([wizard._describe(counts), *wizard._describe_left(findings)])

    def _create_strategies(self, findings, counts):
        """Return {policy ref: strategy} and {level ref: stage}, made or found again."""
        strategies, stages = {}, {}
        for ref, (name, levels) in findings.policies.items():
            strategy = self._find_taken("collection.strategy", f"policy_{ref}")
            if not strategy:
                strategy = self.env["collection.strategy"].create(
                    {"name": name, "company_id": self.company_id.id}
                )
                self._remember(strategy, f"policy_{ref}")
                counts["strategies"] += 1
            strategies[ref] = strategy
            for place in place_levels(levels):
                stage = self._find_taken("collection.stage", f"level_{place.level.ref}")
                if not stage:
                    stage = self._create_stage(strategy, place)
                    counts["stages"] += 1
                    counts["inexact"] += not place.is_exact
                stages[place.level.ref] = stage
        return strategies, stages

    def _create_stage(self, strategy, place):
        level = place.level
        template = self.env["mail.template"]
        if level.channel in ("email", "letter"):
            template = self._create_template(level)
        stage = self.env["collection.stage"].create(
            {
                "strategy_id": strategy.id,
                "name": level.name,
                "days": place.days,
                "minimum_days": place.minimum_days,
                "sequence": level.order,
                "step_ids": [
                    Command.create(
                        {"channel": level.channel, "template_id": template.id}
                    )
                ],
            }
        )
        self._remember(stage, f"level_{level.ref}")
        return stage

    def _create_template(self, level):
        """Copy our template of a first notice; the other program's text replaces ours.

        Its text is taken as it stands, without placeholders of its own.
        """
        template = self.env.ref("collections_mgmt.mail_template_first").copy(
            {"name": self.env._("Taken over: %(level)s", level=level.name)}
        )
        if level.text:
            template.body_html = (
                f"<div>{html_sanitize(level.text)}"
                '<t t-out="object.items_table">Items</t>'
                '<t t-out="object.legal_block"/></div>'
            )
        return template

    def _find_taken(self, model, name):
        xmlid = f"__collections_takeover__.{self._get_name(name)}"
        return self.env.ref(xmlid, raise_if_not_found=False) or self.env[model]

    def _remember(self, record, name):
        self.env["ir.model.data"].create(
            {
                "module": "__collections_takeover__",
                "name": self._get_name(name),
                "model": record._name,
                "res_id": record.id,
                "noupdate": True,
            }
        )

    def _get_name(self, name):
        return f"{self.source}_{self.company_id.id}_{name}"

    def _assign_strategies(self, findings, strategies, counts):
        for model, policies in (
            ("res.partner", findings.partner_policies),
            ("account.move", findings.move_policies),
        ):
            for record in self.env[model].browse(policies).exists():
                strategy = strategies.get(policies[record.id])
                is_ours = model == "res.partner" or (
                    record.company_id.root_id == self.company_id
                )
                if strategy and is_ours and not record.collection_strategy_id:
                    record.collection_strategy_id = strategy
                    counts[model] += 1
        if self.make_default and findings.default in strategies:
            self.company_id.collection_strategy_id = strategies[findings.default]
            counts["default"] = 1

    def _stop_left_alone(self, findings, counts):
        """Whom the other program does not follow is not contacted by itself here."""
        Hold = self.env["collection.hold"]
        partners = self.env["res.partner"].browse(findings.left_alone).exists()
        for partner in partners.commercial_partner_id:
            if self._find_taken("collection.hold", f"hold_{partner.id}"):
                continue
            hold = Hold.create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company_id.id,
                    "kind": "other",
                    "note": self.env._(
                        "Taken over: %(program)s did not follow this debtor.",
                        program=dict(self._get_source_options())[self.source],
                    ),
                }
            )
            self._remember(hold, f"hold_{partner.id}")
            counts["holds"] += 1

    def _set_stages(self, findings, stages, counts):
        """Let items go on at the stage they had reached, where we told them nothing.

        The stages they stood in before are kept with the days on which they did.
        """
        reached = self._get_reached(findings, stages)
        if not reached:
            return
        self.env.flush_all()
        [[counts["items"]]] = self.env.execute_query(
            SQL(
                """
                WITH reached AS (
                    SELECT *, LEAD(day) OVER (PARTITION BY line_id ORDER BY place)
                              AS next_day
                      FROM UNNEST(%(lines)s, %(stages)s, %(days)s)
                           WITH ORDINALITY AS told (line_id, stage_id, day, place)
                ),
                changed AS (
                    UPDATE collection_item item
                       SET stage_id = reached.stage_id, stage_date = reached.day,
                           passed_stage_id = reached.stage_id,
                           date_changed = GREATEST(item.date_changed, %(today)s)
                      FROM reached, collection_case cases
                     WHERE item.move_line_id = reached.line_id AND item.state = 'open'
                       AND reached.next_day IS NULL
                       AND item.passed_stage_id IS NULL AND cases.id = item.case_id
                       AND cases.company_id = %(company)s
                    RETURNING item.id, item.date_changed
                ),
                kept AS (%(keep)s),
                kept_earlier AS (%(keep_earlier)s)
                SELECT COUNT(*) FROM changed
                """,
                lines=[line_id for line_id, _stage_id, _day in reached],
                stages=[stage_id for _line_id, stage_id, _day in reached],
                days=[day for _line_id, _stage_id, day in reached],
                company=self.company_id.id,
                today=fields.Date.context_today(self),
                keep=self.env["collection.item.version"]._get_keep_sql(),
                keep_earlier=self._get_keep_earlier_sql(),
            )
        )
        self.env.invalidate_all(flush=False)

    def _get_reached(self, findings, stages):
        """Return a list (journal item id, stage id, day) of each stage reached.

        In the order of the days; what was sent after a higher stage is left out.
        """
        reached, highest = [], {}
        for line_id, level_ref, day, _channel in sorted(
            findings.sent, key=lambda sent: sent[2]
        ):
            stage = stages.get(level_ref)
            place = stage and (stage.days, stage.sequence, stage.id)
            if stage and place >= highest.get(line_id, (-inf,)):
                highest[line_id] = place
                reached.append((line_id, stage.id, day))
        return reached

    def _get_keep_earlier_sql(self):
        """Return an INSERT of what ``changed`` items were before this suite had them.

        The open amounts are those of the ledger on the first of the days.
        """
        return SQL(
            """
            INSERT INTO collection_item_version (
                item_id, case_id, date_from, date_to, state, stage_id, date_due,
                amount_residual, amount_residual_currency
            )
            SELECT item.id, item.case_id, reached.day,
                   LEAST(reached.next_day, item.date_opened), 'open',
                   reached.stage_id, item.date_due,
                   line.balance - COALESCE(paid.amount, 0),
                   line.amount_currency - COALESCE(paid.amount_currency, 0)
              FROM changed
              JOIN collection_item item ON item.id = changed.id
              JOIN account_move_line line ON line.id = item.move_line_id
              JOIN reached ON reached.line_id = line.id
        CROSS JOIN LATERAL (
                SELECT SUM(amount) AS amount,
                       SUM(debit_amount_currency) AS amount_currency
                  FROM account_partial_reconcile
                 WHERE debit_move_id = line.id AND max_date <= reached.day
              ) paid
             WHERE reached.day < LEAST(reached.next_day, item.date_opened)
            """
        )

    def _note_history(self, findings, stages, counts):
        """Write on each open case what the other program sent, and when it last did.

        It becomes no contact of ours: those hold only what this suite can prove.
        """
        by_line = {}
        for line_id, level_ref, day, channel in findings.sent:
            by_line.setdefault(line_id, []).append((day, level_ref, channel))
        by_case = {}
        for item in self.env["collection.item"].search(
            [
                ("move_line_id", "in", list(by_line)),
                ("company_id", "=", self.company_id.id),
                ("case_id.state", "=", "open"),
            ]
        ):
            by_case.setdefault(item.case_id, set()).update(
                (day, item.move_id.name or "", level_ref, channel)
                for day, level_ref, channel in by_line[item.move_line_id.id]
            )
        for case, reminders in by_case.items():
            if self._find_taken("collection.case", f"case_{case.id}"):
                continue
            last = max(day for day, *_rest in reminders)
            case.date_last_contact = max(case.date_last_contact or date.min, last)
            case._message_log(body=self._get_history(reminders, stages))
            self._remember(case, f"case_{case.id}")
            counts["cases"] += 1

    def _get_history(self, reminders, stages):
        return self.env["ir.qweb"]._render(
            "collections_mgmt.takeover_history",
            {
                "reminders": [
                    (day, move, stages[ref].name if ref in stages else "", channel)
                    for day, move, ref, channel in sorted(reminders, key=str)
                ],
                "source": dict(self._get_source_options())[self.source],
            },
            minimal_qcontext=True,
        )

    # THE REPORT

    def _describe(self, counts):
        lines = [
            self.env._(
                "Strategies: %(strategies)s, with %(stages)s stages.",
                strategies=counts["strategies"],
                stages=counts["stages"],
            ),
            self.env._(
                "Debtors with a strategy of their own: %(debtors)s; invoices: "
                "%(invoices)s.",
                debtors=counts["res.partner"],
                invoices=counts["account.move"],
            ),
            self.env._("Debtors with a collector: %(count)s.", count=counts["agents"]),
            self.env._(
                "Open items that go on at the stage they had reached: %(count)s.",
                count=counts["items"],
            ),
            self.env._(
                "Cases that got the history of past reminders: %(count)s.",
                count=counts["cases"],
            ),
            self.env._("Next actions: %(count)s.", count=counts["actions"]),
            self.env._("Notes on cases: %(count)s.", count=counts["notes"]),
            self.env._(
                "Debtors who were not followed and got a stop: %(count)s.",
                count=counts["holds"],
            ),
        ]
        if counts["strangers"]:
            lines.append(
                self.env._(
                    "Debtors left without a collector: %(count)s, since theirs has no "
                    "right to collect here. Give these users the right Collector, then "
                    "take over again.",
                    count=counts["strangers"],
                )
            )
        if counts["default"]:
            lines.append(self.env._("The company's strategy is the one taken over."))
        if counts["inexact"]:
            lines.append(
                self.env._(
                    "Stages to look at: %(count)s counted from the end of the month; "
                    "they now count from the due date, half a month later.",
                    count=counts["inexact"],
                )
            )
        if not any(counts.values()):
            lines = [self.env._("Nothing new to take over.")]
        return "\n".join(lines)
