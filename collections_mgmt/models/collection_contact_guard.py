"""What was said and done is not changed: by no screen, no code and no SQL."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# A contact in one of these is a fact.
FINAL_STATES = ("sent", "blocked", "skipped")
# A contact in one of these is a plan.
PLAN_STATES = ("test", "review", "planned")
# What is not changed of a fact.
KEPT_FIELDS = (
    *("subject", "body", "address", "date_sent", "channel", "company_id"),
    *("verdict_data", "outcome", "user_id", "exemption"),
)
# What may be emptied when personal data is erased.
ERASED_FIELDS = ("subject", "body", "address")

# The setting, of one transaction, under which personal data may be erased.
ERASING = "collections.erasing"

FUNCTIONS = {
    "collections_refuse": """
        RAISE EXCEPTION 'Evidence is never deleted nor changed: % of % was refused.',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    """,
    # The only change of a fact is its seal, once.
    "collections_keep_event": """
        IF OLD.hash IS NOT NULL
           OR to_jsonb(NEW) - '{sequence,previous_hash,hash}'::text[]
              IS DISTINCT FROM
              to_jsonb(OLD) - '{sequence,previous_hash,hash}'::text[]
        THEN
            RAISE EXCEPTION
                'Facts about contacts are never changed. Add a correction instead.'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    """,
    # The only change of a content is that it is erased; its hash stays.
    "collections_keep_content": """
        IF NEW.content IS NOT NULL OR NEW.salt IS NOT NULL
           OR current_setting('collections.erasing', TRUE) IS DISTINCT FROM 'on'
           OR to_jsonb(NEW) - '{salt,content}'::text[]
              IS DISTINCT FROM to_jsonb(OLD) - '{salt,content}'::text[]
        THEN
            RAISE EXCEPTION
                'The content of contacts is never changed. Add a correction instead.'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    """,
    "collections_keep_contact": """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'Contact % was asked for or made: it is evidence.', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF current_setting('collections.erasing', TRUE) = 'on'
           AND NEW.subject IS NULL AND NEW.body IS NULL AND NEW.address IS NULL
           AND to_jsonb(NEW) - '{subject,body,address}'::text[]
              = to_jsonb(OLD) - '{subject,body,address}'::text[]
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'Contact % was made: what was said and done is not changed. '
            'Add a correction instead.', OLD.id USING ERRCODE = 'restrict_violation';
    """,
}


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    @api.private
    def init(self):
        # A channel's name is lost with its module; the fact keeps it.
        changed = SQL(" OR ").join(
            SQL("OLD.%(name)s IS DISTINCT FROM NEW.%(name)s", name=SQL.identifier(name))
            for name in KEPT_FIELDS
            if name != "channel"
        )
        self.env["collection.evidence"]._create_trigger(
            self._table,
            "keep_contact",
            SQL(
                """
                BEFORE UPDATE ON collection_contact FOR EACH ROW WHEN (
                    OLD.state IN %s AND (
                        NEW.state NOT IN (OLD.state, 'failed')
                        OR NEW.channel NOT IN (OLD.channel, 'other')
                        OR %s
                    )
                )
                """,
                FINAL_STATES,
                changed,
            ),
            "collections_keep_contact",
        )
        self.env["collection.evidence"]._create_trigger(
            self._table,
            "keep_row",
            SQL(
                "BEFORE DELETE ON collection_contact FOR EACH ROW"
                " WHEN (OLD.state NOT IN %s)",
                PLAN_STATES,
            ),
            "collections_keep_contact",
        )
        self.env["collection.evidence"]._refuse_truncate(self._table)

    def write(self, vals):
        # EXTENDS: what was said and done is not changed
        self._check_may_change(vals)
        return super().write(vals)

    def _check_may_change(self, vals):
        kept = vals.keys() & set(KEPT_FIELDS)
        if vals.get("channel") == "other":  # the channel's module is removed
            kept.discard("channel")
        moves = vals.get("state", "failed") != "failed"
        if not kept and not moves:
            return
        for contact in self:
            if contact.state in FINAL_STATES and (
                kept or vals["state"] != contact.state
            ):
                raise UserError(
                    self.env._(
                        "What was said and done is not changed. Add a correction to "
                        "the contact instead."
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_if_plan(self):
        if any(contact.state not in PLAN_STATES for contact in self):
            raise UserError(
                self.env._("A contact that was asked for or made is evidence.")
            )


class CollectionEvidence(models.AbstractModel):
    _inherit = "collection.evidence"

    @api.model
    def _create_trigger(self, table, name, definition, function):
        """Let the database keep a table; safe to repeat.

        :param SQL definition: when it fires, up to what it executes
        :param str function: a key of FUNCTIONS
        """
        self.env.cr.execute(
            SQL(
                "CREATE OR REPLACE FUNCTION %s() RETURNS trigger"
                " LANGUAGE plpgsql AS %s",
                SQL.identifier(function),
                f"BEGIN {FUNCTIONS[function]} END",
            )
        )
        trigger = SQL.identifier(f"{table}_{name}")
        self.env.cr.execute(
            SQL("DROP TRIGGER IF EXISTS %s ON %s", trigger, SQL.identifier(table))
        )
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER %s %s EXECUTE FUNCTION %s()",
                trigger,
                definition,
                SQL.identifier(function),
            )
        )

    @api.model
    def _refuse_truncate(self, table):
        self._create_trigger(
            table,
            "keep_all",
            SQL("BEFORE TRUNCATE ON %s FOR EACH STATEMENT", SQL.identifier(table)),
            "collections_refuse",
        )

    @api.model
    def _refuse_delete(self, table):
        self._create_trigger(
            table,
            "keep_row",
            SQL("BEFORE DELETE ON %s FOR EACH ROW", SQL.identifier(table)),
            "collections_refuse",
        )

    @api.model
    def _remove_triggers(self):
        """Let go of the tables before they are dropped with the module."""
        for function in FUNCTIONS:
            self.env.cr.execute(
                SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(function))
            )


class CollectionContactEvent(models.Model):
    _inherit = "collection.contact.event"

    @api.private
    def init(self):
        evidence = self.env["collection.evidence"]
        evidence._create_trigger(
            self._table,
            "keep_event",
            SQL("BEFORE UPDATE ON collection_contact_event FOR EACH ROW"),
            "collections_keep_event",
        )
        evidence._refuse_delete(self._table)
        evidence._refuse_truncate(self._table)


class CollectionContactContent(models.Model):
    _inherit = "collection.contact.content"

    @api.private
    def init(self):
        evidence = self.env["collection.evidence"]
        evidence._create_trigger(
            self._table,
            "keep_content",
            SQL("BEFORE UPDATE ON collection_contact_content FOR EACH ROW"),
            "collections_keep_content",
        )
        evidence._refuse_delete(self._table)
        evidence._refuse_truncate(self._table)
