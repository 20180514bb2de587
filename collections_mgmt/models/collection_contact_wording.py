"""What the law of the debtor's place wants a message to say, and whether it does."""

from datetime import datetime, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.mail import html2plaintext

from odoo.addons.base.models.ir_qweb_fields import nl2br

from ..const import WRITTEN_CHANNELS
from ..tools.plain_words import is_said, read_html
from .collection_gate import Rulebook, RuleEntry
from .collection_wording import HTML_BLOCK, TEXT_BLOCK


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    content_rule_ids = fields.Many2many(
        "collection.contact.rule",
        string="Rules on Words",
        compute="_compute_content_rule_ids",
        help="They say what the message has to contain.",
    )
    wording_ids = fields.Many2many(
        "collection.wording",
        string="Pieces to Say",
        compute="_compute_wording_ids",
        # What the law wants does not depend on who looks at it.
        compute_sudo=True,
    )
    legal_block = fields.Html(
        string="Required Words",
        compute="_compute_legal_block",
        sanitize=False,
        help="What the law of the debtor's place wants the message to say, for "
        "templates; empty where it wants nothing.",
    )
    legal_text = fields.Text(
        string="Required Words as Text",
        compute="_compute_legal_text",
        help="The same without markup, for SMS templates.",
    )

    @api.depends("partner_id", "address_partner_id", "channel", "stage_id", "line_ids")
    def _compute_content_rule_ids(self):
        self.content_rule_ids = False
        asking = self.filtered(lambda contact: not contact._is_thanks())
        for company, contacts in asking.grouped("company_id").items():
            asks = [contact._prepare_ask() for contact in contacts]
            rules_of_asks = self.env["collection.gate"]._get_content_rules(
                company, asks
            )
            for contact, rules in zip(contacts, rules_of_asks, strict=True):
                contact.content_rule_ids = rules
        self._leave_first_rules()

    def _leave_first_rules(self):
        """Take rules on first messages from those whose debts were written about."""
        first = self.filtered(
            lambda contact: any(contact.sudo().content_rule_ids.mapped("is_first_only"))
        )
        for contact in first - first._filter_first():
            contact.content_rule_ids = contact.content_rule_ids.filtered(
                lambda rule: not rule.sudo().is_first_only
            )

    def _filter_first(self):
        """Return those that tell of an item that no message told of since it is due."""
        if not self:
            return self
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT told.contact_id
                  FROM collection_contact_line told
                 WHERE told.contact_id = ANY(%(contacts)s)
                   AND NOT EXISTS (
                       SELECT 1
                         FROM collection_contact_line line
                         JOIN collection_contact earlier ON earlier.id = line.contact_id
                         JOIN collection_stage stage ON stage.id = earlier.stage_id
                        WHERE line.item_id = told.item_id AND stage.days >= 0
                          AND earlier.id <> told.contact_id
                          AND earlier.state IN ('queued', 'sent')
                          AND earlier.channel <> 'task'
                   )
                """,
                contacts=self.ids,
            )
        )
        return self.browse([contact_id for [contact_id] in rows])

    # IN WORDS

    @api.depends("content_rule_ids", "company_id.collection_actor", "opt_out_url")
    def _compute_wording_ids(self):
        for contact in self:
            wordings = contact.content_rule_ids.wording_ids
            contact.wording_ids = wordings.filtered(contact._needs_wording).sorted()

    @api.depends("wording_ids")
    @api.depends_context("lang")
    def _compute_legal_block(self):
        for contact in self:
            contact.legal_block = contact._render_wordings(contact.sudo().wording_ids)

    @api.depends("legal_block")
    @api.depends_context("lang")
    def _compute_legal_text(self):
        for contact in self:
            contact.legal_text = html2plaintext(
                contact.legal_block, include_references=False
            ).strip()

    def _needs_wording(self, wording):
        """Return whether a piece makes sense in this message of this company."""
        if wording.code == "agency":
            return self.company_id.collection_actor == "agency"
        if wording.code == "opt_out":
            return bool(self.opt_out_url)
        return True

    def _render_wordings(self, wordings):
        """Return the HTML that says these pieces; False when there are none."""
        self.ensure_one()
        if not wordings:
            return False
        return self.env["ir.qweb"]._render(
            "collections_mgmt.contact_legal_block",
            {
                "codes": wordings.mapped("code"),
                "values": self._get_wording_values(wordings),
                "contact": self,
                "company": self.company_id.sudo(),
                "nl2br": nl2br,
            },
            minimal_qcontext=True,
        )

    def _get_wording_values(self, wordings):
        """Return {code of a piece: what it says}; what is empty is missing.

        Pieces that only the template words are not in it.
        """
        sources = self._get_wording_sources()
        codes = [code for code in wordings.mapped("code") if code in sources]
        return {code: sources[code]() for code in codes}

    def _get_wording_sources(self):
        """Return {code of a piece: function that says it}. Modules add their own."""
        self.ensure_one()
        # In sudo: as for the pieces.
        company = self.company_id.sudo()
        return {
            "creditor": self._get_creditor_text,
            "creditor_number": lambda: company.company_registry or company.vat,
            "supplier": self._get_supplier_text,
            "contract": lambda: self.sudo().line_ids,
            "product": self._get_products,
            "interest": self._get_interest_text,
            "costs": self._get_costs_text,
            "payment_ways": lambda: company.collection_payment_ways,
            "rights": self._get_rights_text,
            "agency": lambda: company.collection_agency_data,
            "opt_out": lambda: self.opt_out_url,
        }

    def _get_creditor_text(self):
        company = self.company_id.sudo()
        address = self._get_one_line_address(company.partner_id)
        return ", ".join(filter(None, (company.name, address)))

    def _get_supplier_text(self):
        """Return name, address and tax number of the supplier; all are needed."""
        company = self.company_id.sudo()
        if not company.vat or not company.street:
            return False
        return f"{self._get_creditor_text()}, {company.vat}"

    def _get_one_line_address(self, partner):
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(filter(None, (" ".join(line.split()) for line in lines)))

    def _describe_debts(self):
        """Return a text for each debt: what it comes from, and what is owed."""
        self.ensure_one()
        formats = self._get_formats()
        sentence = self.env._(
            "%(document)s of %(date)s, due on %(date_due)s: %(amount)s"
        )
        return [
            sentence % self._prepare_debt_words(row, **formats)
            for row in self._get_rows()[self.id]
        ]

    def _prepare_debt_words(self, row, format_date, format_amount):
        return {
            "document": row.label,
            "date": format_date(row.date),
            "date_due": format_date(row.date_due),
            "amount": format_amount(row.amount - row.agreed, row.currency),
        }

    def _get_products(self):
        """Return what the debts are for, each thing once."""
        lines = self.sudo().line_ids.item_id.move_id.invoice_line_ids
        names = lines.filtered(lambda line: line.display_type == "product").mapped(
            lambda line: line.product_id.name or line.name
        )
        return ", ".join(dict.fromkeys(filter(None, names)))

    def _get_interest_text(self):
        """Return the statement of interest: rates, type and period."""
        return self.company_id.sudo().collection_charges_text or self.env._(
            "No interest is charged."
        )

    def _get_costs_text(self):
        """Return the statement of collection costs: how much, for which actions."""
        return self.company_id.sudo().collection_charges_text or self.env._(
            "No collection costs are charged."
        )

    def _get_rights_text(self):
        """Return the debtor's rights: the company's text, or those of the rules."""
        texts = self.sudo().content_rule_ids.filtered("rights_text")
        return self.company_id.sudo().collection_rights_text or "\n".join(
            texts.mapped("rights_text")
        )

    # THE CHECK BEFORE IT LEAVES

    def _check_wording(self):
        """Stop the messages that lack something they have to say.

        :return: the contacts that say everything
        """
        incomplete = self.browse()
        for reason, contacts in self.grouped(
            lambda contact: "\n".join(contact._get_wording_gaps())
        ).items():
            if reason:
                contacts._set_unworded(reason)
                incomplete |= contacts
        return self - incomplete

    def _set_unworded(self, reason):
        """Stop a message that the gate allowed but that does not say enough."""
        moved = self._set_blocked()
        moved.reason = reason
        return moved

    def _get_wording_gaps(self):
        """Return a sentence for each piece that the message would lack."""
        self.ensure_one()
        # In sudo: as for the pieces.
        wordings = self.sudo().wording_ids
        source = self._get_wording_source() if wordings else None
        if source is None:
            return []
        values = self._get_wording_values(wordings)
        gaps = []
        for wording in wordings:
            if wording.code in values and not values[wording.code]:
                gaps.append(self._describe_empty(wording))
            elif not self._says_wording(wording, source):
                gaps.append(self._describe_unsaid(wording))
        return gaps

    def _get_wording_source(self):
        """Return the text in which pieces are looked for, None if there is no text.

        Modules that add a channel answer for their own contacts.
        """
        self.ensure_one()
        if self.is_edited:
            return self.edited_body or ""
        if self.channel not in WRITTEN_CHANNELS:
            return None
        # In sudo: as for rendering it.
        template = self._get_template().sudo().with_context(lang=self.lang)
        return template.body_html or ""

    def _says_wording(self, wording, source):
        """Return whether the message will say a piece.

        :param str source: a template, or the text that a person wrote
        """
        if self._stands_in_footer(wording):
            return True
        if self.is_edited:
            piece = self.with_context(lang=self.lang)._render_wordings(wording)
            return is_said(read_html(piece), read_html(source))
        return wording._is_placed_in(source)

    def _describe_empty(self, wording):
        place = self._get_place_of(wording)
        if wording.hint:
            return f"{place}: {wording.hint}"
        return self.env._(
            "%(place)s: “%(piece)s” is missing.", place=place, piece=wording.name
        )

    def _describe_unsaid(self, wording):
        values = {"place": self._get_place_of(wording), "piece": wording.name}
        if self.is_edited:
            return self.env._(
                "%(place)s: the edited text lacks “%(piece)s”: go back to the "
                "template's text and leave it in.",
                **values,
            )
        return self.env._(
            "%(place)s: the template lacks “%(piece)s”: insert %(placeholder)s.",
            placeholder=HTML_BLOCK if self.channel in WRITTEN_CHANNELS else TEXT_BLOCK,
            **values,
        )

    def _get_place_of(self, wording):
        """Return where the rule that asks for a piece comes from."""
        rule = self.sudo().content_rule_ids.filtered(
            lambda rule: wording in rule.wording_ids
        )[:1]
        return rule.country_id.name or rule.country_group_id.name or rule.name

    @api.model
    def _forget_unworded(self, domain):
        """Let the next run try again what was stopped for its words alone.

        :param Domain domain: the contacts for which something changed
        """
        self._forget_blocks_of(domain & Domain("verdict", "=", "allow"))


class CollectionGate(models.AbstractModel):
    _inherit = "collection.gate"

    def _get_content_rules(self, company, asks):
        """Return the rules on words for each ask, in order.

        One statement where no rule asks for words at all.

        :return: list of record sets of collection.contact.rule
        """
        moment = datetime.now(timezone.utc)
        # In sudo: what the law says does not depend on who asks.
        Rule = self.env["collection.contact.rule"].sudo()
        rules = Rule._get_content_rules_of(company, moment.date())
        if not rules:
            return [Rule] * len(asks)
        rulebook = Rulebook(map(RuleEntry, rules), moment)
        facts = self._get_places_of(company, asks)
        return [
            Rule.browse(
                rule.id
                for rule in self._select_rules(rulebook, ask, facts[ask.partner_id])
                if rule.kind == "content"
            )
            for ask in asks
        ]
