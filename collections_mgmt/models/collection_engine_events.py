"""What happens in the ledger is seen at once on the debtor's case.

The accounting models report the journal items that changed; at the end of the
transaction their debtors are brought up to date together.
"""

import logging

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import SYNC_LOCK_TIMEOUT, SYNC_RETRY_DELAY
from ..tools.errors import CONFLICTS

_logger = logging.getLogger(__name__)

NOTED = "collections_mgmt.debtors"


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    # COLLECT

    def _note_lines(self, lines):
        """Have the debtors of these journal items followed when the transaction ends.

        Lines that are no receivables cost nothing. Call it for lines that change hands
        before the change as well as after it.
        """
        # In sudo: whoever changes the ledger need not see the debtor.
        self._note_debtors(
            (line.company_id.root_id, line.partner_id.commercial_partner_id)
            for line in lines.sudo()
            if line.partner_id and line.account_id.account_type == "asset_receivable"
        )

    def _note_debtors(self, debtors):
        """Have these debtors followed when the transaction ends.

        :param debtors: iterable of pairs, root company and commercial partner
        """
        pairs = {(company.id, partner.id) for company, partner in debtors}
        if not pairs:
            return
        precommit = self.env.cr.precommit
        if NOTED not in precommit.data:
            precommit.add(self.browse()._follow_noted)
        precommit.data.setdefault(NOTED, set()).update(pairs)

    # FOLLOW

    def _follow_noted(self):
        """Follow the noted debtors; whatever goes wrong, the user's work is kept."""
        noted = self.env.cr.precommit.data.pop(NOTED, ())
        self.env.flush_all()  # an error in the user's own changes is the user's
        # As the superuser, without the user's context: what is written on a case does
        # not depend on who entered the payment.
        engine = self.env(user=SUPERUSER_ID, context={})[self._name]
        # Odoo keeps the user's time zone at hand: no need to read user and partner.
        today = engine.env.user._get_collection_today()
        partner_ids = {}
        for company_id, partner_id in sorted(noted):
            partner_ids.setdefault(company_id, []).append(partner_id)
        for company in engine.env["res.company"].browse(partner_ids):
            engine.with_company(company)._follow_at_once(
                engine._get_scope(company, tuple(partner_ids[company.id]), today)
            )

    def _follow_at_once(self, scope):
        """Follow some debtors inside the transaction of a user, whose work comes first.

        Where nothing is on its way to them and none of their cases ends or comes back,
        it takes three queries. A failed attempt is undone, and made good by a job a
        little later.
        """
        Contact = self.env["collection.contact"]
        Contact._write_noted_events()
        is_begun = False
        try:
            begin = self._get_begin_at_once_sql(scope)
            is_begun = True
            self._sync(scope, self.env.execute_query(begin))
            self._decide(scope, *self._get_end_at_once_statements(scope))
        except Exception as error:
            if is_begun:
                self.env.cr.execute("ROLLBACK TO SAVEPOINT follow_at_once")
            self.env.transaction.clear()
            Contact._forget_noted_events()
            self._log_failure(
                error,
                "Cases follow later: company %s, partners %s",
                scope.company.id,
                scope.partner_ids,
            )
            self._trigger_follow()

    def _get_begin_at_once_sql(self, scope):
        """Return what comes first, guarded: all that follows it can be undone.

        A posting does not wait for a run that is busy with the same cases. The
        savepoint is not sent with anything that a module or a rule has a part in: the
        database would refuse both together.
        """
        return SQL(
            "SAVEPOINT follow_at_once; SET LOCAL lock_timeout = %s; %s",
            SYNC_LOCK_TIMEOUT,
            self._get_begin_sql(scope),
        )

    def _get_end_at_once_statements(self, scope):
        return (
            SQL("SET LOCAL lock_timeout TO DEFAULT"),
            SQL("RELEASE SAVEPOINT follow_at_once"),
        )

    def _follow(self, company, partner_ids=None):
        """Bring cases, and what is decided about them, in line with the ledger.

        :param company: a root company
        :param tuple partner_ids: commercial partners; all debtors when empty
        """
        engine = self.with_company(company)
        scope = self._get_scope(company, partner_ids)
        engine._sync(scope)
        engine._decide(scope)

    # CATCH UP

    def _trigger_follow(self, **delay):
        """Ask the job that follows the ledger to start, now or after a delay."""
        cron = self.env.ref("collections_mgmt.ir_cron_follow", raise_if_not_found=False)
        if cron:
            cron._trigger(fields.Datetime.add(fields.Datetime.now(), **delay))

    def _cron_follow(self):
        """Bring the cases of every company in line with the ledger.

        It sends nothing. What cannot be done now, because a run goes on or another
        transaction is in the way, is tried again some minutes later.
        """
        companies = self.env["res.company"].search(Domain("parent_id", "=", False))
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                self.env["collection.run"]._lock_company(company)
                self._follow(company)
                self.env.flush_all()
            except Exception as error:
                self.env.cr.rollback()
                self._log_failure(error, "Cases follow later: company %s", company.id)
                self._trigger_follow(minutes=SYNC_RETRY_DELAY)
            self.env["ir.cron"]._commit_progress(1)

    def _log_failure(self, error, message, *args):
        """Log a fault with its trace; a conflict with other work is no fault."""
        conflict = isinstance(error, (UserError, *CONFLICTS))
        level = logging.INFO if conflict else logging.ERROR
        _logger.log(level, message, *args, exc_info=not conflict)
