"""What was said and done is not changed: by no screen, no code and no SQL."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# A contact in one of these is a fact.
FINAL_STATES = ("sent", "blocked", "skipped")
# A contact in one of these is a plan.
PLAN_STATES = ("test", "review", "planned")
# What is not changed of a fact.
KEPT_FIELDS = (
    *("subject", "body", "address", "email_cc", "date_sent", "date_done"),
    *("channel", "company_id", "stage_id", "zone", "zone_basis"),
    *("verdict_data", "outcome", "user_id", "exemption", "override_reason"),
)
# What changes of a fact when its debtor is merged with another, and only then.
MERGED_FIELDS = ("partner_id", "case_id")
# What may be emptied when personal data is erased.
ERASED_FIELDS = ("subject", "body", "address", "email_cc", "override_reason")

# The settings, of one transaction, under which personal data may be erased, and
# contacts follow their debtor into another.
ERASING = "collections.erasing"
MERGING = "collections.merging"


def _list_columns(names):
    return f"'{{{','.join(names)}}}'::text[]"


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
    "collections_keep_contact": f"""
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'Contact % was asked for or made: it is evidence.', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        -- What failed is a plan, unless it was made and then came back. What came back
        -- is a plan again once somebody tries it again.
        IF OLD.state = 'failed' AND (
            NEW.state = 'planned' OR 'sent' IS DISTINCT FROM (
                SELECT kind FROM collection_contact_event
                 WHERE contact_id = OLD.id AND kind IN ('sent', 'retried')
                 ORDER BY id DESC LIMIT 1
            )
        ) THEN
            RETURN NEW;
        END IF;
        IF current_setting('collections.erasing', TRUE) = 'on'
           AND NOT jsonb_strip_nulls(to_jsonb(NEW)) ?| {_list_columns(ERASED_FIELDS)}
           AND to_jsonb(NEW) - {_list_columns(ERASED_FIELDS)}
               = to_jsonb(OLD) - {_list_columns(ERASED_FIELDS)}
        THEN
            RETURN NEW;
        END IF;
        IF current_setting('collections.merging', TRUE) = 'on'
           AND to_jsonb(NEW) - {_list_columns(MERGED_FIELDS)}
               = to_jsonb(OLD) - {_list_columns(MERGED_FIELDS)}
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
        self.env["collection.evidence"]._create_trigger(
            self._table,
            "keep_contact",
            SQL(
                "BEFORE UPDATE ON collection_contact FOR EACH ROW WHEN ("
                " OLD.state IN %s AND (%s))",
                (*FINAL_STATES, "failed"),
                self._get_changed_sql(),
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

    @api.model
    def _get_changed_sql(self):
        """Return the condition that a change is one that facts do not suffer.

        A channel's name is lost with its module; the fact keeps it. What comes back
        says when. That a rule was broken is found out later, and stays.
        """
        return SQL(
            """
            NEW.state NOT IN (OLD.state, 'failed')
            OR NEW.channel NOT IN (OLD.channel, 'other')
            OR (NEW.date_done IS DISTINCT FROM OLD.date_done
                AND (NEW.state <> 'failed' OR OLD.state = 'failed'))
            OR (OLD.is_incident AND NEW.is_incident IS NOT TRUE)
            OR %s
            """,
            SQL(" OR ").join(
                SQL(
                    "OLD.%(name)s IS DISTINCT FROM NEW.%(name)s",
                    name=SQL.identifier(name),
                )
                for name in (*KEPT_FIELDS, *MERGED_FIELDS)
                if name not in ("channel", "date_done")
            ),
        )

    def write(self, vals):
        # EXTENDS: what was said and done is not changed
        self._check_may_change(vals)
        return super().write(vals)

    def _check_may_change(self, vals):
        kept = vals.keys() & {*KEPT_FIELDS, *MERGED_FIELDS}
        if vals.get("channel") == "other":  # the channel's module is removed
            kept.discard("channel")
        moves = vals.get("state", "failed") != "failed"
        clears = not vals.get("is_incident", True)
        if not (kept or moves or clears):
            return
        for contact in self._filter_made():
            if (
                contact._filter_kept(kept, vals)
                or (moves and vals["state"] != contact.state)
                or (clears and contact.is_incident)
            ):
                raise UserError(
                    self.env._(
                        "What was said and done is not changed. Add a correction to "
                        "the contact instead."
                    )
                )

    def _filter_kept(self, names, vals):
        """Return those of some fields that do not change with these values.

        What comes back now says when.
        """
        self.ensure_one()
        comes_back = vals.get("state") == "failed" and self.state != "failed"
        return names - {"date_done"} if comes_back else names

    def _filter_made(self):
        """Return the contacts that are facts, also those that came back since."""
        made = self.filtered(lambda contact: contact.state in FINAL_STATES)
        failed = self.filtered(lambda contact: contact.state == "failed")
        return made | failed._filter_sent_before() if failed else made

    def _filter_sent_before(self):
        """Return those that were sent, and that nobody has tried again since."""
        # In sudo: what protects evidence does not depend on who may see it.
        events = (
            self.env["collection.contact.event"]
            .sudo()
            .search(
                Domain("contact_id", "in", self.ids)
                & Domain("kind", "in", ("sent", "retried")),
                order="id",
            )
        )
        last = {event.contact_id.id: event.kind for event in events}
        return self.filtered(lambda contact: last.get(contact.id) == "sent")

    # MERGING

    @api.model
    def _set_merging(self, value):
        self.env.cr.execute(SQL("SELECT set_config(%s, %s, TRUE)", MERGING, value))

    def _move_to_case(self, case):
        """Give the contacts to another case of their debtor; facts stay as they are."""
        if not self:
            return
        self.env.flush_all()
        self._set_merging("on")
        self.env.cr.execute(
            SQL(
                "UPDATE collection_contact SET case_id = %s WHERE id = ANY(%s)",
                *(case.id, self.ids),
            )
        )
        self._set_merging("off")
        self.env.invalidate_all(flush=False)

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
