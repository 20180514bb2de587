"""E-mails from outside that answer no message: about which case are they?

The sender's address suggests the open cases of its commercial entity. Anybody can write
under somebody else's address: until a collector has said what the e-mail is about,
nothing of it counts.
"""

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, html2plaintext
from odoo.tools.mail import email_normalize_all

from ..const import INCOMING_STATES

PREVIEW_LENGTH = 200
# What people may write; all else moves by the buttons.
EDITABLE_FIELDS = frozenset({"case_id", "message_main_attachment_id"})


class CollectionIncoming(models.Model):
    _name = "collection.incoming"
    _description = "Incoming E-mail"
    _inherit = "collection.inner.thread"
    _order = "date desc, id desc"
    _primary_email = "email_from"

    # What arrived; the e-mail itself is in the conversation
    name = fields.Char(string="Subject", readonly=True)
    email_from = fields.Char(
        string="Sender",
        readonly=True,
        help="As the e-mail says. It proves nothing: an address can be forged.",
    )
    date = fields.Datetime(
        string="Received", required=True, readonly=True, default=fields.Datetime.now
    )
    preview = fields.Char(string="Begins With", readonly=True)
    team_id = fields.Many2one(
        "collection.team",
        readonly=True,
        index="btree_not_null",
        help="To whose address it was sent.",
    )
    company_id = fields.Many2one(
        "res.company",
        readonly=True,
        index="btree_not_null",
        help="Empty: the cases it may be about are of several companies.",
    )

    # What it is about. Record rules read the first, and with it what the user may not
    # see; screens show the second.
    candidate_ids = fields.One2many(
        "collection.incoming.candidate", "incoming_id", readonly=True
    )
    visible_candidate_ids = fields.One2many(
        "collection.incoming.candidate",
        "incoming_id",
        string="May Be About",
        readonly=True,
    )
    candidate_count = fields.Integer(
        string="Suggested Cases",
        compute="_compute_candidate_count",
        compute_sudo=True,
        help="Those of other collectors as well.",
    )
    case_id = fields.Many2one(
        "collection.case",
        compute="_compute_case_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        domain="[('state', '=', 'open'), ('company_id', '=?', company_id)]",
        help="The suggested case if there is only one. Choose another if it is wrong.",
    )
    state = fields.Selection(
        INCOMING_STATES, required=True, readonly=True, default="new", index=True
    )

    @api.depends("name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for incoming in self:
            incoming.display_name = incoming.name or self.env._("(no subject)")

    @api.depends("candidate_ids.is_refused")
    def _compute_candidate_count(self):
        for incoming in self:
            incoming.candidate_count = len(incoming._get_open_candidates())

    @api.depends("candidate_ids.is_refused")
    def _compute_case_id(self):
        for incoming in self:
            if incoming.state == "new":
                cases = incoming._get_open_candidates().case_id
                incoming.case_id = cases if len(cases) == 1 else False
            else:
                incoming.case_id = incoming.case_id

    def _get_open_candidates(self):
        return self.candidate_ids.filtered(lambda candidate: not candidate.is_refused)

    def write(self, vals):
        # EXTENDS: what arrived stays as it arrived
        if not self.env.su:
            self._check_may_write(vals)
        return super().write(vals)

    def _check_may_write(self, vals):
        """Let people choose a case of theirs until the e-mail is sorted."""
        if vals.keys() - EDITABLE_FIELDS:
            raise AccessError(
                self.env._(
                    "Only the case of an e-mail can be chosen: use the buttons for "
                    "everything else."
                )
            )
        if "case_id" in vals:
            self._check_is_new()
            self.env["collection.case"].browse(vals["case_id"] or []).check_access(
                "write"
            )

    # ARRIVAL

    @api.model
    @api.private
    def message_new(self, msg_dict, custom_values=None):
        # EXTENDS 'mail': kept with all the cases it may be about
        values = custom_values or {}
        team = self.env["collection.team"].browse(values.get("team_id")).exists()
        cases = self.env["collection.case"]._find_by_sender(
            msg_dict.get("email_from"), team.company_id
        )
        companies = team.company_id or cases.company_id
        text = " ".join(html2plaintext(msg_dict.get("body") or "").split())
        return super().message_new(
            msg_dict,
            {
                "team_id": team.id,
                "company_id": companies.id if len(companies) == 1 else False,
                "preview": text[:PREVIEW_LENGTH],
                "candidate_ids": [
                    Command.create({"case_id": case.id}) for case in cases
                ],
            },
        )

    @api.private
    def message_update(self, msg_dict, update_vals=None):
        # EXTENDS 'mail': who writes again about the same is read again
        self.filtered(lambda incoming: incoming.state == "dismissed").state = "new"
        return super().message_update(msg_dict, update_vals)

    # WHAT A PERSON SAYS

    def action_attach(self):
        """Each is about the case that it shows."""
        for incoming in self:
            incoming._attach(incoming.case_id)
        return True

    def action_refuse(self):
        """Each is not about the case that it suggests."""
        for incoming in self:
            incoming._get_open_candidates().filtered(
                lambda candidate, case=incoming.case_id: candidate.case_id == case
            ).action_refuse()
        return True

    def action_dismiss(self):
        """They are about no case; they stay on record."""
        self._check_is_new()
        self._move("dismissed", self.env._("This is not about any case."))
        return True

    def action_reopen(self):
        """They are to be sorted after all."""
        if self.filtered(lambda incoming: incoming.state == "attached"):
            raise UserError(self.env._("An attached e-mail stays with its case."))
        self._move("new", self.env._("This is to be sorted after all."))
        return True

    def _check_is_new(self):
        self.check_access("write")
        if self.filtered(lambda incoming: incoming.state != "new"):
            raise UserError(self.env._("Somebody has already sorted this e-mail."))

    def _move(self, state, sentence):
        self.check_access("write")
        # In sudo: states move by these buttons alone.
        self.sudo().state = state
        self._message_log_batch(bodies=dict.fromkeys(self.ids, sentence))

    def _attach(self, case):
        """Move the e-mail to the conversation of a case, as an answer of the debtor.

        Words in it change nothing: what the debtor wants, a person enters.

        :param collection.case case: which the user works on
        """
        self.ensure_one()
        self._check_is_new()
        if not case:
            raise UserError(
                self.env._("Choose the case first, or say that it is about none.")
            )
        case.check_access("write")
        # In sudo: it was checked who says so; an arrived e-mail is nobody's to write.
        incoming_sudo = self.sudo()
        emails = incoming_sudo.message_ids.filtered(
            lambda message: message.message_type == "email"
        )
        incoming_sudo._hand_over(emails, case.sudo())
        incoming_sudo.write({"state": "attached", "case_id": case.id})
        case._message_log(
            body=self.env._(
                "The e-mail “%(subject)s” from %(sender)s was attached by hand. It "
                "came from outside and answers no message: nothing proves who wrote "
                "it.",
                subject=self.display_name,
                sender=self.email_from or "–",
            )
        )
        case.sudo()._receive_reply(emails.author_id[:1], emails.browse())

    def _hand_over(self, emails, case):
        """Give e-mails and their files to a case.

        :param mail.message emails: of this record
        """
        files = emails.attachment_ids.filtered(
            lambda file: file.res_model == self._name and file.res_id in self.ids
        )
        files.write({"res_model": case._name, "res_id": case.id})
        emails.write(
            {
                "model": case._name,
                "res_id": case.id,
                "record_company_id": case.company_id.id,
            }
        )
        self.message_main_attachment_id = False


class CollectionIncomingCandidate(models.Model):
    _name = "collection.incoming.candidate"
    _description = "Case that an E-mail May Be About"
    _order = "incoming_id desc, id"
    _rec_name = "case_id"

    incoming_id = fields.Many2one(
        "collection.incoming",
        string="E-mail",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    is_refused = fields.Boolean(
        string="Not About It", readonly=True, help="A person said so."
    )
    email_from = fields.Char(related="incoming_id.email_from")
    date = fields.Datetime(related="incoming_id.date")
    subject = fields.Char(related="incoming_id.name")
    preview = fields.Char(related="incoming_id.preview")
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="case_id.currency_id")
    agent_id = fields.Many2one(related="case_id.agent_id")
    amount_overdue = fields.Monetary(related="case_id.amount_overdue")

    _unique_case = models.UniqueIndex(
        "(incoming_id, case_id)", "This case is already suggested for the e-mail."
    )

    def action_attach(self):
        """The e-mail is about this case."""
        self.ensure_one()
        self.incoming_id._attach(self.case_id)
        return True

    def action_refuse(self):
        """The e-mails are not about these cases; the others stay suggested."""
        self.incoming_id._check_is_new()
        self.case_id.check_access("write")
        self.sudo().is_refused = True  # as for the e-mail: by this button alone
        for candidate in self:
            candidate.incoming_id.sudo()._message_log(
                body=self.env._(
                    "This is not about the case of %(debtor)s.",
                    debtor=candidate.case_id.display_name,
                )
            )
        return True

    def action_open_email(self):
        """Read the e-mail."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "collection.incoming",
            "res_id": self.incoming_id.id,
            "view_mode": "form",
        }


class CollectionCase(models.Model):
    _inherit = "collection.case"

    incoming_candidate_ids = fields.One2many(
        "collection.incoming.candidate",
        "case_id",
        string="E-mails to Sort",
        domain=[("incoming_id.state", "=", "new"), ("is_refused", "=", False)],
        readonly=True,
    )
    incoming_ids = fields.One2many(
        "collection.incoming",
        "case_id",
        string="Attached E-mails",
        domain=[("state", "=", "attached")],
        readonly=True,
    )

    @api.model
    @api.private
    def message_new(self, msg_dict, custom_values=None):
        # OVERRIDE 'mail': nobody opens a case by writing; the e-mail waits for a person
        return self.env["collection.incoming"].message_new(msg_dict, custom_values)

    @api.model
    def _find_by_sender(self, email, companies=None):
        """Return the open cases of those who have an address: they or their contacts.

        :param str email: as an e-mail gives its sender
        :param res.company companies: whose cases; of all when empty
        """
        address = email_normalize(email)
        if not address:
            return self.browse()
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search(
                Domain("email_normalized", "=", address)
                | Domain("email", "ilike", address)  # one of several
            )
            .filtered(lambda partner: address in email_normalize_all(partner.email))
        )
        domain = Domain("partner_id", "in", partners.commercial_partner_id.ids)
        if companies:
            domain &= Domain("company_id", "in", companies.ids)
        return self.search(domain & Domain("state", "=", "open"))

    def _erase_conversation(self):
        # EXTENDS: and what was noted of e-mails that were attached
        self.incoming_ids.unlink()
        return super()._erase_conversation()


class CollectionTeam(models.Model):
    _inherit = "collection.team"

    def _alias_get_creation_values(self):
        # EXTENDS 'mail': what answers a message goes to its case, the rest is sorted
        return {
            **super()._alias_get_creation_values(),
            "alias_model_id": self.env["ir.model"]._get_id("collection.case"),
            "alias_defaults": {"team_id": self.id},
        }


class ResUsers(models.Model):
    _inherit = "res.users"

    def _get_incoming_domain(self):
        """Return the domain of the e-mails that the user may see.

        They are attached to a case of the portfolio, or were suggested for one, or
        nobody knows about which case they are.
        """
        self.ensure_one()
        attached = Domain("state", "=", "attached")
        suggested = Domain("is_refused", "=", False)
        own = self._get_portfolio_domain("case_id")
        return (attached & Domain("case_id", "any", self._get_portfolio_domain())) | (
            ~attached
            & (
                Domain("candidate_ids", "any", own)
                | Domain("candidate_ids", "not any", suggested)
            )
        )
