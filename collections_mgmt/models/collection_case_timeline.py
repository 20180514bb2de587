"""What happened on a case, in order and in words: for the evidence file."""

from collections import Counter

from odoo import models
from odoo.tools import html2plaintext

# What we refrained from.
REFRAINED = ("blocked", "deferred")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_evidence(self):
        """Return the facts of the case and their contents, the first one first."""
        self.ensure_one()
        # In sudo: who may see the case may see what it proves.
        events = (
            self.env["collection.contact.event"]
            .sudo()
            .search([("contact_id.case_id", "=", self.id)], order="id")
        )
        contents = (
            self.env["collection.contact.content"]
            .sudo()
            .search([("contact_id.case_id", "=", self.id)], order="id")
        )
        return events, contents

    def _get_timeline(self):
        """Return {"entries", "counts", "refrained"} for the printed time line."""
        self.ensure_one()
        events, contents = self._get_evidence()
        by_hash = {
            (content.contact_id.id, content.content_hash): content
            for content in contents
        }
        kinds = dict(events._fields["kind"]._description_selection(self.env))
        counts = Counter(events.mapped("kind"))
        entries = [
            event._get_timeline_entry(by_hash, kinds[event.kind]) for event in events
        ]
        shown = {}
        for entry in entries:  # a message that left as it was queued is shown once
            content_hash = entry["fact"].get("content_hash")
            entry["shown_at"] = shown.get(content_hash)
            shown.setdefault(content_hash, content_hash and entry["event"].sequence)
        return {
            "entries": entries,
            "counts": [(kinds[kind], count) for kind, count in counts.most_common()],
            "refrained": {kind: counts[kind] for kind in REFRAINED},
        }


class CollectionContactEvent(models.Model):
    _inherit = "collection.contact.event"

    def _get_timeline_entry(self, contents, title):
        """Return what the time line shows of the event.

        :param dict contents: {(contact id, hash): collection.contact.content}
        :param str title: of the kind of event
        """
        self.ensure_one()
        fact = self._get_facts()
        content = contents.get((self.contact_id.id, fact.get("content_hash")))
        words = content and content._get_words()
        channels = dict(
            self.contact_id._fields["channel"]._description_selection(self.env)
        )
        verdict = fact.get("verdict")
        return {
            "event": self,
            "fact": fact,
            "title": title,
            "local": fact.get("made_local") or fact.get("local") or "",
            "utc": fact.get("made_utc") or fact.get("utc") or "",
            "channel": channels.get(fact.get("channel"), fact.get("channel")),
            "user": self.user_name if fact.get("by_hand") else None,
            "zone_basis": self.env["collection.gate"]._describe_zone_basis(
                fact.get("zone_basis")
            ),
            "verdict": verdict and self._describe_verdict(verdict),
            "counters": self._get_counters(verdict),
            "is_erased": bool(content) and words is None,
            "words": words or {},
            "text": html2plaintext((words or {}).get("body") or "").strip(),
        }

    def _describe_verdict(self, verdict):
        return self.env["collection.gate"]._describe(verdict).splitlines()

    def _get_counters(self, verdict):
        """Return how much of each limit was used, as (rule, used, maximum)."""
        return [
            (reason.get("rule"), reason.get("used", 0), reason["maximum"])
            for reason in (verdict or {}).get("spoken", ())
            if reason.get("maximum") is not None
        ]
