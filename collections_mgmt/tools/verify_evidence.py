"""Verify an evidence file: python verify.py evidence.zip (or an unpacked folder).

Needs Python 3.8 or newer and nothing else. It checks that

* every file is the one that hashes.txt names,
* every link of chain.jsonl follows from the one before:
  hash = SHA-256(previous hash + SHA-256(payload)), all of them in hexadecimal,
* every text is the one its link was made for, and no other is there:
  content_hash = SHA-256(salt + content), or was erased and a later link says so,
* the time line says what the links say,
* the originals and the records show these texts, and the records are in the state,
  and of the debtor, channel and maker, that the links say.

Exit code 0: everything is proved. 1: something was changed; the first broken link is
named. 2: there is nothing to verify here.
"""

import hashlib
import json
import os
import sys
import zipfile

GENESIS = "0" * 64
MESSAGE_EVENTS = ("queued", "sent")
RECORD_FIELDS = ("subject", "body", "address")
# Where a record stands after an event, and what it says of it from then on.
STATES_AFTER = {
    "sent": ("sent",),
    "failed": ("failed",),
    "bounced": ("failed",),
    "dropped": ("dropped",),
    "blocked": ("blocked", "dropped"),
    "skipped": ("skipped",),
}
# Events that lead on from there.
MOVING_EVENTS = ("approved", "retried", "reserved", "queued")
# After these a record does not change, until one of the others is noted.
MADE_EVENTS = ("sent", "blocked", "skipped")
FACT_FIELDS = ("channel", "outcome", "exemption", "zone", "stage", "by_hand", "made_by")
OWNER_FIELDS = ("debtor", "case", "company")


class UnreadableError(Exception):
    """There is no evidence to verify."""


# What files that are no evidence, or not any more, make the reading end with.
UNREADABLE = (
    *(UnreadableError, OSError, ValueError, KeyError, TypeError),
    zipfile.BadZipFile,
)


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def link(previous_hash, payload_digest):
    """Return the hash of the link that follows another one."""
    return digest(previous_hash + payload_digest)


def sort_facts(facts):
    """Return facts in an order of their own, to be compared."""
    return sorted(json.dumps(fact, sort_keys=True) for fact in facts)


def get_last(told, events):
    """Return the last link of some events, as (sequence, fact); both None without."""
    found = [(number, fact) for number, fact in told if fact["event"] in events]
    return found[-1] if found else (None, None)


def is_same(name, value, fact):
    """Return whether a record says what the fact does, or what may stand instead.

    The name of a channel is lost with its module. A zone that nobody had asked for was
    found for the fact alone. Facts did not always tell who made a contact.
    """
    told = fact.get(name)
    if name == "channel" and value == "other":
        return True
    if name == "zone" and not value:
        return True
    if name in ("made_by", "by_hand") and name not in fact:
        return True
    return (value or None) == (told or None)


def describe_changes(sequence, names):
    if not names:
        return None
    return (
        sequence,
        "the record in the database says something else now: " + ", ".join(names),
    )


class Folder:
    """The files of the evidence, unpacked."""

    def __init__(self, path):
        self.path = path

    def names(self):
        for root, _folders, files in os.walk(self.path):
            for name in files:
                path = os.path.relpath(os.path.join(root, name), self.path)
                yield path.replace(os.sep, "/")

    def get(self, name):
        with open(os.path.join(self.path, *name.split("/")), "rb") as file:
            return file.read()


class Archive:
    """The files of the evidence in their ZIP."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)

    def names(self):
        return [name for name in self.zip.namelist() if not name.endswith("/")]

    def get(self, name):
        return self.zip.read(name)


class Verification:
    """What is wrong with some evidence: ``links`` as (sequence, what), ``files``."""

    def __init__(self, source):
        self.source = source
        self.names = set(source.names())
        self.links = []
        self.files = []
        self.erased = 0
        self.chain = [json.loads(line) for line in self._read_lines("chain.jsonl")]
        self.evidence = json.loads(self._read_text("evidence.json"))

    def run(self):
        self._verify_files()
        self._verify_chain()
        self._verify_contents()
        self.links.sort(key=lambda problem: problem[0])
        return self

    def _read_text(self, name):
        if name not in self.names:
            raise UnreadableError("there is no " + name)
        return self.source.get(name).decode("utf-8")

    def _read_lines(self, name):
        # Not splitlines: texts may contain other characters that end a line.
        return [line for line in self._read_text(name).split("\n") if line.strip()]

    # FILES

    def _verify_files(self):
        listed = set()
        for line in self._read_lines("hashes.txt"):
            expected, _space, name = line.partition("  ")
            listed.add(name)
            if name not in self.names:
                self.files.append(name + " is missing")
            elif hashlib.sha256(self.source.get(name)).hexdigest() != expected:
                self.files.append(name + " was changed")
        for name in sorted(self.names - listed - {"hashes.txt"}):
            self.files.append(name + " does not belong here")

    # CHAIN

    def _verify_chain(self):
        if not self.chain:
            raise UnreadableError("the chain has no link")
        previous = None
        for entry in self.chain:
            problem = self._find_problem(entry, previous)
            if problem:
                self.links.append((entry["sequence"], problem))
            previous = entry

    def _find_problem(self, entry, previous):
        if previous and entry["sequence"] != previous["sequence"] + 1:
            return f"the links between {previous['sequence']} and this one are missing"
        if entry["sequence"] == 1 and entry["previous_hash"] != GENESIS:
            return "the first link does not begin the chain"
        if previous and entry["previous_hash"] != previous["hash"]:
            return "it does not follow from the link before"
        if "payload" in entry and digest(entry["payload"]) != entry["digest"]:
            return "what it says was changed"
        if link(entry["previous_hash"], entry["digest"]) != entry["hash"]:
            return "its hash is not that of what it says"
        return None

    # CONTENTS

    def _verify_contents(self):
        contents = {
            (content["contact"], content["content_hash"]): content
            for content in self.evidence["contents"]
        }
        facts = [
            (entry["sequence"], json.loads(entry["payload"]))
            for entry in self.chain
            if "payload" in entry
        ]
        erased = {
            fact["contact"]: sequence
            for sequence, fact in facts
            if fact["event"] == "erased"
        }
        last_messages = {}
        untold = dict(contents)
        for sequence, fact in facts:
            if "content_hash" not in fact:
                continue
            contact = fact["contact"]
            content = contents.get((contact, fact["content_hash"]))
            untold.pop((contact, fact["content_hash"]), None)
            is_erased = erased.get(contact, 0) > sequence
            problem = self._find_content_problem(content, is_erased)
            if problem:
                self.links.append((sequence, problem))
            elif content["content"] is None:
                self.erased += 1
            elif fact["event"] in MESSAGE_EVENTS:
                last_messages[contact] = (sequence, json.loads(content["content"]))
        self._verify_records(last_messages, facts)
        self._verify_nothing_added(untold, [fact for _sequence, fact in facts])

    def _verify_nothing_added(self, untold, facts):
        for content in untold.values():
            problem = "a text was added that no link tells of"
            self.links.append((content.get("sequence") or 0, problem))
        told = self.evidence.get("timeline")
        if told is not None and sort_facts(told) != sort_facts(facts):
            self.files.append("the time line in evidence.json was changed")

    def _find_content_problem(self, content, is_erased):
        if content is None:
            return "its text is missing"
        if content["content"] is None:
            return None if is_erased else "its text was removed"
        if digest(content["salt"] + content["content"]) != content["content_hash"]:
            return "its text was changed"
        return self._find_original_problem(content)

    def _find_original_problem(self, content):
        told = json.loads(content["content"])
        name = content.get("original")
        if name and name not in self.names:
            return f"its original {name} is missing"
        if name and self.source.get(name).decode("utf-8") != told.get("body"):
            return f"its original {name} was changed"
        expected = {file["sha256"] for file in told.get("attachments", ())}
        for name in content.get("files", ()):
            if name not in self.names:
                return f"its attachment {name} is missing"
            if hashlib.sha256(self.source.get(name)).hexdigest() not in expected:
                return f"its attachment {name} was changed"
        return None

    # RECORDS

    def _verify_records(self, last_messages, facts):
        """Compare the records of the database with what was sealed of them."""
        by_contact = {}
        for sequence, fact in facts:
            by_contact.setdefault(fact["contact"], []).append((sequence, fact))
        for record in self.evidence.get("contacts", ()):
            told = by_contact.get(record["contact"], [])
            problems = [
                self._compare_state(record, told),
                self._compare_made(record, told, last_messages),
                self._compare_owner(record, told),
            ]
            self.links += filter(None, problems)

    def _compare_state(self, record, told):
        """Return the link after which the record should stand elsewhere, or None."""
        sequence, fact = get_last(told, (*STATES_AFTER, *MOVING_EVENTS))
        expected = fact and STATES_AFTER.get(fact["event"])
        if expected and record["state"] not in expected:
            return describe_changes(sequence, ["state"])
        return None

    def _compare_made(self, record, told, last_messages):
        """Return the link that made the contact, if it was made otherwise; or None.

        What came back was made; what somebody tries again is not, until it is.
        """
        sequence, fact = get_last(told, (*MADE_EVENTS, *MOVING_EVENTS, "dropped"))
        states = {"sent": ("sent", "failed")}
        if not fact or fact["event"] not in MADE_EVENTS:
            return None
        if record["state"] not in states.get(fact["event"], (fact["event"],)):
            return None
        changed = [
            name
            for name in FACT_FIELDS
            if name in record and not is_same(name, record[name], fact)
        ]
        if fact["event"] == "sent" and record["contact"] in last_messages:
            sequence, words = last_messages[record["contact"]]
            changed += [
                name
                for name in RECORD_FIELDS
                if (record.get(name) or "") != (words.get(name) or "")
            ]
        return describe_changes(sequence, changed)

    def _compare_owner(self, record, told):
        """Return the last link if the record is another debtor's now, or None."""
        if not told:
            return None
        sequence, fact = told[-1]
        return describe_changes(
            sequence,
            [
                name
                for name in OWNER_FIELDS
                if name in record and record[name] != fact.get(name)
            ],
        )

    # REPORT

    def is_proved(self):
        return not self.links and not self.files

    def describe(self):
        """Return the result in words, a line for each."""
        if self.is_proved():
            return self._describe_proof()
        lines = [
            f"{'also' if number else 'BROKEN at'} link {sequence}: {problem}."
            for number, (sequence, problem) in enumerate(self.links[:20])
        ]
        return lines + [f"CHANGED: {problem}." for problem in self.files]

    def _describe_proof(self):
        first, last = self.chain[0], self.chain[-1]
        lines = [
            f"OK: {len(self.chain)} links, from {first['sequence']} to "
            f"{last['sequence']}, and {len(self.names)} files are proved.",
            f"The last link is {last['hash']}.",
        ]
        if self.erased:
            lines.append(f"{self.erased} texts were erased; their links prove them.")
        return lines


def open_source(path):
    if os.path.isdir(path):
        return Folder(path)
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return Archive(path)
    raise UnreadableError(f"{path} is neither a ZIP file nor a folder")


def main(arguments):
    path = arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__))
    try:
        result = Verification(open_source(path)).run()
    except UNREADABLE as error:
        sys.stdout.write(f"CANNOT VERIFY: {error}\n")
        return 2
    sys.stdout.write("\n".join(result.describe()) + "\n")
    return 0 if result.is_proved() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
