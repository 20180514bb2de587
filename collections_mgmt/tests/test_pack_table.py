"""The shipped rules, one line each: what the research says, written down again.

Kind, severity, channels, and what the kind says. Who changes a rule changes it here
too, and looks at the law twice.
"""

from collections import Counter

from odoo.tests import TransactionCase, tagged

ALL = "*"
VOICE = "automated_call call visit"
CALLS = "automated_call call"
WRITTEN = "email im letter sms"
MESSAGES = "email im sms"
# Everything that has an hour: a letter has none, nobody controls when it arrives.
TIMED = "automated_call call email im sms visit"
LAW, POLICY = "law", "policy"


def window(severity, channels, hours, holidays=True):
    return ("window", severity, channels, hours, holidays)


def cap(severity, channels, maximum, period, counting="attempt", scope="debtor"):
    """``period``: a number of days that roll, or the name of one of the calendar."""
    return ("cap", severity, channels, maximum, period, counting, scope)


def gap(severity, channels, hours=0, days=0, counting="attempt", scope="debtor"):
    return ("gap", severity, channels, hours, days, counting, scope)


def house(hours, maximum=3, gap_hours=24):
    """Return the cautious default that is the same in many countries."""
    return {
        window(POLICY, TIMED, hours),
        cap(POLICY, ALL, 1, "day"),
        cap(POLICY, ALL, maximum, 7),
        gap(POLICY, ALL, gap_hours),
    }


US_MESSAGES = "email im letter sms visit"
ACTIVE = {
    "CL-CALLVISIT": {
        window(LAW, VOICE, "MON-SAT 08:00-20:00"),
        cap(LAW, VOICE, 1, 7),
    },
    "CL-MSG": {
        window(POLICY, MESSAGES, "MON-SAT 08:00-20:00"),
        cap(LAW, WRITTEN, 2, 7, "sent"),
        gap(LAW, WRITTEN, days=2, counting="sent"),
    },
    "CL-B2B": house("MON-FRI 08:00-20:00, SAT 09:00-14:00"),
    "CO-ALL": {
        window(LAW, ALL, "MON-FRI 07:00-19:00, SAT 08:00-15:00"),
        cap(LAW, ALL, 1, "day", "answered"),
        ("one_channel", LAW, ALL, "answered"),
        cap(POLICY, ALL, 2, "week"),
    },
    "CO-CHANNEL": {("consent", LAW, ALL)},
    "CO-VISIT": {("prohibition", LAW, "visit")},
    "MX-FIN": {window(LAW, TIMED, "MON-SUN 07:00-22:00", False)},
    "MX-NONFIN": house("MON-FRI 08:00-20:00, SAT 09:00-15:00"),
    "PE-B2C": {
        window(LAW, VOICE, "MON-FRI 07:00-20:00"),
        cap(POLICY, VOICE, 1, "day"),
        cap(POLICY, VOICE, 3, 7),
    },
    "PE-MSG": {
        window(POLICY, MESSAGES, "MON-FRI 07:00-20:00"),
        cap(POLICY, WRITTEN, 1, "day"),
        cap(POLICY, WRITTEN, 3, 7),
        gap(POLICY, WRITTEN, 24),
    },
    "EC-B2C": {
        window(LAW, "automated_call call email im sms", "MON-FRI 07:00-20:00"),
        cap(LAW, "automated_call call email im sms", 1, "day"),
    },
    "BR-FED": house("MON-FRI 09:00-18:00"),
    "BR-SP": {window(LAW, CALLS, "MON-FRI 08:00-20:00, SAT 08:00-14:00")},
    "BR-RJ": {window(LAW, CALLS, "MON-FRI 09:00-19:00")},
    "BR-ES": {window(LAW, CALLS, "MON-FRI 08:00-19:00")},
    "BR-AL": {
        window(LAW, "automated_call call sms", "MON-FRI 08:00-20:00, SAT 08:00-14:00")
    },
    "BR-CE": {window(LAW, "automated_call call im sms", "MON-FRI 08:00-18:00")},
    "BR-AM": {window(LAW, CALLS, "MON-FRI 08:00-18:00")},
    "AR-FED": house("MON-FRI 09:00-19:00, SAT 10:00-14:00"),
    "CR-B2C": house("MON-FRI 08:00-19:00, SAT 08:00-12:00"),
    "UY-B2C": house("MON-FRI 09:00-20:00"),
    "GT-CARD": {
        window(LAW, TIMED, "MON-FRI 09:00-18:00"),
        cap(LAW, ALL, 2, "day"),
    },
    "ES-B2C": house("MON-FRI 09:00-20:00, SAT 10:00-14:00"),
    "ES-B2B": house("MON-FRI 09:00-20:00"),
    "EU-DEF": house("MON-FRI 08:00-20:00, SAT 09:00-14:00"),
    "BE-B2C": {
        gap(LAW, ALL, days=14, counting="sent", scope="debt"),
        gap(LAW, ALL, days=20, counting="sent", scope="debt"),  # by post
        gap(POLICY, ALL, 24),
    },
    "NL-B2C": {("prerequisite", LAW, ALL, "fourteen_days", 16, "debt")},
    "UK-CONC": house("MON-FRI 08:00-20:00, SAT 08:00-18:00"),
    "UK-B2B": house("MON-FRI 08:30-18:00"),
    "US-TIME": {window(LAW, TIMED, "MON-SUN 08:00-21:00", False)},
    "US-7IN7": {
        cap(LAW, CALLS, 7, 7, scope="debt"),
        ("cooldown", LAW, CALLS, "talk", 7, "debt"),
    },
    "US-EMSG": {cap(POLICY, US_MESSAGES, 3, 7), gap(POLICY, US_MESSAGES, 24)},
    "US-INFO": {("prerequisite", LAW, ALL, "validation", 0, "debt")},
    "US-TCPA": {("consent", LAW, "automated_call sms")},
    "US-MA": {
        window(LAW, "automated_call call sms visit", "MON-SUN 08:00-21:00", False),
        cap(LAW, "automated_call call sms", 2, 7, scope="debt"),
        cap(LAW, "work_call", 2, 30, scope="debt"),
        cap(LAW, "visit", 1, 30, scope="debt"),
    },
    "US-NYC": {
        window(LAW, TIMED, "MON-SUN 08:00-21:00", False),
        cap(LAW, ALL, 3, 7, scope="debt"),
        ("cooldown", LAW, ALL, "talk", 7, "debt"),
        cap(POLICY, ALL, 3, 7, scope="debt"),
        ("cooldown", POLICY, ALL, "talk", 7, "debt"),
    },
    "US-1P": {
        window(POLICY, TIMED, "MON-SUN 08:00-21:00", False),
        cap(POLICY, ALL, 3, 7, scope="debt"),
        gap(POLICY, ALL, 24, scope="debt"),
        ("cooldown", POLICY, CALLS, "talk", 7, "debt"),
    },
    "US-B2B": house("MON-FRI 08:00-18:00"),
    "XX-DEFAULT": house("MON-FRI 09:00-18:00", maximum=2, gap_hours=48),
    "WHATSAPP-OPTIN": {("consent", "provider", "im")},
    "WHATSAPP-AGENCY": {("prohibition", "provider", "im")},
}
# To whom a code applies: country, states, debtors, who collects, kind of debt.
SCOPES = {
    "CL-B2B": ("CL", "", "business", "any", "any"),
    "MX-FIN": ("MX", "", "any", "any", "financial"),
    "MX-NONFIN": ("MX", "", "any", "any", "any"),
    "AR-CABA": ("AR", "C", "consumer", "agency", "any"),
    "GT-CARD": ("GT", "", "consumer", "any", "card"),
    "ES-B2B": ("ES", "", "business", "any", "any"),
    "UK-CONC": ("GB", "", "consumer", "any", "consumer_credit"),
    "UK-B2B": ("GB", "", "business", "any", "any"),
    "US-TIME": ("US", "", "consumer", "agency", "any"),
    "US-7IN7": ("US", "", "consumer", "agency", "any"),
    "US-EMSG": ("US", "", "consumer", "agency", "any"),
    "US-INFO": ("US", "", "consumer", "agency", "any"),
    "US-TCPA": ("US", "", "any", "any", "any"),
    "US-MA": ("US", "MA", "consumer", "any", "any"),
    "US-NYC": ("US", "NY", "consumer", "any", "any"),
    "US-1P": ("US", "", "consumer", "creditor", "any"),
    "US-B2B": ("US", "", "business", "any", "any"),
    "XX-DEFAULT": ("", "", "any", "any", "any"),
    "EU-DEF": ("", "", "consumer", "any", "any"),
    "WHATSAPP-OPTIN": ("", "", "any", "any", "any"),
    "WHATSAPP-AGENCY": ("", "", "any", "agency", "any"),
}
# From when on, where that is known.
DATES = {"BE-B2C": "2023-09-01", "CL-MASSCALL": "2025-08-13", "US-NYC": "2026-09-01"}
# What the words of a message have to say, by the codes of the pieces. Empty: there is
# only a note on conduct.
CONTENT = {
    "AR-CABA": "agency creditor",
    "AR-FED": "",
    "BE-B2C": "contract creditor creditor_number deadline product",
    "BR-FED": "supplier",
    "CL-INFO": "agency contract costs creditor interest not_judicial payment_ways "
    "rights",
    "CL-MASSCALL": "",
    "CO-WAIVER": "",
    "CR-B2C": "",
    "ES-THIRD": "",
    "EU-DEF": "",
    "MX-FIN": "agency contract creditor product",
    "MX-NONFIN": "",
    "NL-B2C": "",
    "PE-B2C": "",
    "SMS-VALIDITY": "",
    "UK-BREATH": "",
    "UK-CONC": "",
    "US-B2B": "",
    "US-EMSG": "opt_out",
    "US-INFO": "creditor debt_collector",
    "US-MEDIA": "",
    "US-TCPA": "",
    "UY-B2C": "",
}
# How many rows there are of what applies only where somebody wants it: other readings
# of the law, and rules that are archived.
READINGS = {
    ("CL-CALLVISIT", "cap"): 3,
    ("CL-MSG", "cap"): 2,
    ("CL-MSG", "gap"): 2,
    ("CL-MSG", "window"): 1,
    ("CO-ALL", "cap"): 6,
    ("CO-ALL", "one_channel"): 1,
    ("CO-CHANNEL", "prohibition"): 1,
    ("EC-B2C", "cap"): 4,
}
ARCHIVED = {
    ("CL-EMERG", "cap"): 1,
    ("PA-BILL", "cap"): 2,
    ("PA-BILL", "window"): 1,
    ("UK-BREATH", "content"): 1,
    ("US-INFO", "prerequisite"): 1,
    ("US-MEDIA", "content"): 1,
    ("UY-B2C", "content"): 1,
}
# Laws that are not verified, or on which sources disagree.
TO_CONFIRM = {
    *("AR-FED", "BR-AM", "CL-INFO", "EU-DEF", "GT-CARD"),
    *("US-B2B", "US-INFO", "US-NYC"),
}


@tagged("post_install", "-at_install")
class TestPackTable(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = cls.env["ir.model.data"].search(
            [
                ("module", "=", "collections_mgmt"),
                ("model", "=", "collection.contact.rule"),
            ]
        )
        rules = cls.env["collection.contact.rule"].with_context(active_test=False)
        cls.rules = rules.browse(data.mapped("res_id")).exists()
        cls.timed = cls.rules.filtered(
            lambda rule: rule.active and rule.kind != "content" and not rule.question_id
        )

    def _describe(self, rule):
        channels = " ".join(sorted(rule.channel_ids.mapped("code"))) or ALL
        head = (rule.kind, rule.severity, channels)
        period = rule.days if rule.period == "rolling" else rule.period
        by_kind = {
            "window": (rule.hours, rule.skip_holidays),
            "cap": (rule.maximum, period, rule.counting, rule.cap_scope),
            "gap": (rule.gap_hours, rule.days, rule.counting, rule.cap_scope),
            "one_channel": (rule.counting,),
            "cooldown": (rule.after, rule.days, rule.cap_scope),
            "prerequisite": (rule.after, rule.days, rule.cap_scope),
        }
        return (*head, *by_kind.get(rule.kind, ()))

    def test_each_rule_says_what_the_table_says(self):
        found = {}
        for rule in self.timed:
            found.setdefault(rule.code, set()).add(self._describe(rule))
        self.assertEqual(set(found), set(ACTIVE))
        for code, expected in ACTIVE.items():
            with self.subTest(code):
                self.assertEqual(found[code], expected)

    def test_each_rule_on_words_wants_the_pieces_of_the_table(self):
        found = {}
        for rule in self.rules.filtered(lambda rule: rule.kind == "content"):
            self.assertNotIn(rule.code, found)
            found[rule.code] = " ".join(sorted(rule.wording_ids.mapped("code")))
        self.assertEqual(found, CONTENT)

    def test_no_other_reading_and_no_archived_rule_is_lost(self):
        readings = self.rules.filtered("question_id")
        archived = self.rules.filtered(lambda r: not r.active and not r.question_id)
        for rules, expected in ((readings, READINGS), (archived, ARCHIVED)):
            found = Counter((rule.code, rule.kind) for rule in rules)
            self.assertEqual(dict(found), expected)

    def test_no_rule_is_there_twice(self):
        for rule in self.timed:
            same = self.timed.filtered(
                lambda other, rule=rule: (
                    other.code == rule.code
                    and self._describe(other) == self._describe(rule)
                    and other.city == rule.city
                )
            )
            self.assertEqual(same, rule)

    def test_each_rule_applies_to_whom_the_table_says(self):
        for rule in self.rules:
            prefix = rule.code[:2].replace("UK", "GB")
            scope = SCOPES.get(rule.code, (prefix, None, "consumer", "any", "any"))
            with self.subTest(rule.name):
                if rule.kind == "content":
                    self.assertIn(rule.country_id.code or "", {scope[0], prefix, ""})
                    continue
                self.assertEqual(rule.country_id.code or "", scope[0])
                self.assertEqual((rule.debtor_type, rule.actor, rule.regime), scope[2:])
                if scope[1] is not None:
                    self.assertEqual(",".join(rule.state_ids.mapped("code")), scope[1])

    def test_states_of_brazil_are_those_of_the_code(self):
        for state in ("SP", "RJ", "ES", "AL", "CE", "AM"):
            rule = self.rules.filtered(lambda r, state=state: r.code == f"BR-{state}")
            self.assertEqual(rule.state_ids.code, state)

    def test_rules_begin_when_their_law_does(self):
        for rule in self.rules:
            if rule.code in DATES and rule.severity == "law":
                with self.subTest(rule.name):
                    self.assertEqual(str(rule.date_from), DATES[rule.code])
            self.assertFalse(rule.date_to, rule.name)

    def test_what_nobody_verified_is_to_be_confirmed(self):
        unsure = self.rules.filtered("is_to_confirm")
        self.assertEqual(
            unsure, self.rules.filtered(lambda r: r.confidence != "verified")
        )
        laws = unsure.filtered(
            lambda rule: rule.active and rule.severity == "law" and not rule.question_id
        )
        self.assertEqual(set(laws.mapped("code")), TO_CONFIRM)

    def test_each_law_has_its_reference_and_each_verified_one_its_source(self):
        for rule in self.rules:
            with self.subTest(rule.name):
                if rule.severity == "law":
                    self.assertTrue(rule.legal_reference)
                if rule.confidence == "verified":
                    self.assertIn("http", rule.source or "")
