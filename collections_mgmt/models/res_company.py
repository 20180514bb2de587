from odoo import api, fields, models
from odoo.fields import Domain

# What messages may have to say: a change lets the next run try again.
WORDING_FIELDS = frozenset(
    {
        *("collection_payment_ways", "collection_rights_text"),
        *("collection_charges_text", "collection_agency_data", "collection_actor"),
        *("vat", "company_registry", "street"),
    }
)


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_strategy_id = fields.Many2one(
        "collection.strategy",
        string="Default Collection Strategy",
        check_company=False,
        help="For debtors without a strategy of their own; empty: not followed.",
    )

    collection_test_mode = fields.Boolean(
        string="Collections Test Mode",
        help="Runs work out everything and send nothing.",
    )
    collection_track_reading = fields.Boolean(
        string="Record Openings and Clicks",
        help="E-mails carry a picture and personal links that tell when they are used.",
    )
    collection_pause_on_reply = fields.Boolean(
        string="Pause on Reply",
        default=True,
        help="After a debtor's reply nothing goes out by itself until a collector has "
        "looked at it.",
    )
    collection_thanks_template_id = fields.Many2one(
        "mail.template",
        string="Thank-You Message",
        domain=[("model", "=", "collection.contact")],
        help="Sent when a debtor who had been contacted has paid everything. Empty: "
        "none is sent.",
    )

    collection_actor = fields.Selection(
        [("creditor", "The company itself"), ("agency", "An agency for others")],
        string="Who Collects",
        required=True,
        default="creditor",
        tracking=True,
        help="Some laws bind agencies only; an agency has one budget of contacts with "
        "a person for all its principals.",
    )
    collection_regime = fields.Selection(
        [
            ("general", "Ordinary sales"),
            ("consumer_credit", "Consumer credit"),
            ("financial", "Loans of a financial entity"),
            ("card", "Card debts"),
        ],
        string="Kind of Debt",
        required=True,
        default="general",
        tracking=True,
    )
    collection_micro_is_consumer = fields.Boolean(
        string="Protect Micro-Businesses as Consumers",
        default=True,
        tracking=True,
        help="As courts may do, for example in Chile.",
    )

    # What the law may want messages to say and only the company knows
    collection_payment_ways = fields.Text(
        string="Ways and Places to Pay",
        translate=True,
        help="Bank accounts, offices, links, and other arrangements you offer.",
    )
    collection_rights_text = fields.Text(
        string="The Debtor's Rights",
        translate=True,
        help="Empty: the text of the contact rule that asks for it.",
    )
    collection_charges_text = fields.Text(
        string="Interest and Collection Costs",
        translate=True,
        help="If you charge any: rates, type and period of the interest; the costs, "
        "how they are computed and for which actions. Empty: messages say that none "
        "are charged.",
    )
    collection_agency_data = fields.Text(
        string="Who the Agency Is",
        translate=True,
        help="Name, address and telephone of the agency and its agent, the persons "
        "responsible, and its power to collect.",
    )
    collection_opt_out_link = fields.Boolean(
        string="Opt-Out Link in E-mails",
        default=True,
        help="Consumers can refuse more reminders by e-mail; letters go on.",
    )
    collection_opt_out_words = fields.Char(
        string="Opt-Out Words",
        default="STOP, BAJA, ALTO, CANCELAR, UNSUBSCRIBE, REMOVER",
        help="Who answers with one of these words alone gets no more e-mails.",
    )

    collection_seal_email = fields.Char(
        string="Send Seals to",
        help="An address outside of this system, as of a notary or the auditor: every "
        "day it gets the last seal of the evidence. Empty: none is sent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base'
        companies = super().create(vals_list)
        companies._collection_set_default_strategy()
        return companies

    def write(self, vals):
        # EXTENDS 'base': messages that lacked words may have them now
        result = super().write(vals)
        if "collection_question_ids" in vals:  # what was not allowed may be now
            self.env["collection.contact"]._forget_blocks_of(
                Domain("company_id", "in", self.root_id.ids)
            )
        if WORDING_FIELDS.intersection(vals):
            self.env["collection.contact"]._forget_unworded(
                Domain("company_id", "in", self.root_id.ids)
            )
        return result

    def _get_collection_debtor_types(self, kind):
        """Return under which headings of contact rules a debtor falls.

        Who is not known to be a business is protected as a consumer, and by the rules
        for its own type.

        :param str kind: the debtor's type
        """
        self.ensure_one()
        kind = kind or "unknown"
        is_business = kind == "business" or (
            kind == "micro" and not self.collection_micro_is_consumer
        )
        return frozenset({kind, "business" if is_business else "consumer"})

    def _choose_collection_lang(self, *readers):
        """Return the code of the language in which something is written.

        :param readers: partners, empty or not, in the order in which they count; an
            installed language of one of them, else the company's, else English
        """
        self.ensure_one()
        installed = dict(self.env["res.lang"].get_installed())
        wishes = (partner.lang for partner in (*readers, self.partner_id))
        return next((lang for lang in wishes if lang in installed), "en_US")

    def _collection_set_default_strategy(self):
        """Fill an empty default with the strategy shipped with the suite."""
        strategy = self.env.ref(
            "collections_mgmt.collection_strategy_default", raise_if_not_found=False
        )
        if strategy:
            self.filtered(
                lambda company: (
                    not company.parent_id and not company.collection_strategy_id
                )
            ).collection_strategy_id = strategy
