"""The program that goes along with evidence: it proves, or names what is broken."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

from odoo.addons.collections_mgmt.tools import verify_evidence
from odoo.addons.collections_mgmt.tools.verify_evidence import GENESIS, digest, link

PROGRAM = pathlib.Path(verify_evidence.__file__)
MINE, OTHER = 7, 8
BODY = "<p>Señora Núñez, pague por favor.</p>\u2028"
FILE = b"%PDF of the invoice"


class Folder:
    """Hand-made evidence of four links: the debtor's first, second and fourth."""

    def __init__(self, path):
        self.path = path
        (path / "originals").mkdir()
        self.words = {
            "subject": "Please pay",
            "body": BODY,
            "address": "ana@debtor.test",
            "attachments": [{"sha256": hashlib.sha256(FILE).hexdigest()}],
        }
        content = json.dumps(self.words, ensure_ascii=False)
        self.content = {
            "contact": MINE,
            "sequence": 1,
            "salt": "0123456789abcdef",
            "content": content,
            "content_hash": digest("0123456789abcdef" + content),
            "original": "originals/7-1-queued.html",
            "files": ["originals/7-1-invoice.pdf"],
        }
        self.record = {"contact": MINE, "state": "sent", **self.words}
        del self.record["attachments"]
        self.added = []
        self.facts = [
            self.fact("queued", content_hash=self.content["content_hash"]),
            self.fact("sent", content_hash=self.content["content_hash"]),
            self.fact("sent", contact=OTHER),
            self.fact("opened"),
        ]
        self.write()

    def fact(self, event, contact=MINE, **values):
        return {"event": event, "contact": contact, **values}

    def write(self):
        self.timeline = [fact for fact in self.facts if fact["contact"] == MINE]
        self.chain, previous = [], GENESIS
        for sequence, fact in enumerate(self.facts, start=1):
            payload = json.dumps(fact)
            entry = {
                "sequence": sequence,
                "previous_hash": previous,
                "digest": digest(payload),
                "hash": link(previous, digest(payload)),
            }
            if fact["contact"] == MINE:
                entry["payload"] = payload
            self.chain.append(entry)
            previous = entry["hash"]
        self.save()

    def save(self):
        """Write the files, and hashes that fit: whoever cheats can do that as well."""
        if self.content["content"]:
            (self.path / self.content["original"]).write_text(BODY, "utf-8")
        (self.path / self.content["files"][0]).write_bytes(FILE)
        self.write_text(
            "chain.jsonl", "".join(json.dumps(entry) + "\n" for entry in self.chain)
        )
        self.write_text(
            "evidence.json",
            json.dumps(
                {
                    "contents": [self.content, *self.added],
                    "contacts": [self.record],
                    "timeline": self.timeline,
                }
            ),
        )
        shutil.copy(PROGRAM, self.path / "verify.py")
        self.hash_files()

    def write_text(self, name, text):
        (self.path / name).write_text(text, "utf-8")

    def hash_files(self):
        names = [path for path in self.path.rglob("*") if path.is_file()]
        self.write_text(
            "hashes.txt",
            "".join(
                f"{hashlib.sha256(path.read_bytes()).hexdigest()}  "
                f"{path.relative_to(self.path).as_posix()}\n"
                for path in names
                if path.name != "hashes.txt"
            ),
        )

    def verify(self, *arguments):
        """Run the folder's own copy of the program; return (exit code, words)."""
        done = subprocess.run(
            [sys.executable, "-I", self.path / "verify.py", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert not done.stderr
        return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "evidence"
    path.mkdir()
    return Folder(path)


def assert_broken(folder, *words):
    code, output = folder.verify()
    assert code == 1, output
    for word in words:
        assert word in output


def test_whole_evidence_is_proved_unpacked_and_zipped(folder, tmp_path):
    code, output = folder.verify()
    assert code == 0, output
    assert "OK: 4 links, from 1 to 4" in output
    assert folder.chain[-1]["hash"] in output
    archive = tmp_path / "evidence.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.path.rglob("*"):
            file.write(path, path.relative_to(folder.path).as_posix())
    assert folder.verify(archive) == (code, output)


def test_a_changed_payload_is_named(folder):
    folder.chain[1]["payload"] = folder.chain[1]["payload"].replace("sent", "kept")
    folder.save()
    assert_broken(folder, "BROKEN at link 2: what it says was changed")


def test_a_changed_payload_with_a_digest_that_fits_is_named(folder):
    payload = folder.chain[1]["payload"].replace("sent", "failed")
    folder.chain[1].update(payload=payload, digest=digest(payload))
    folder.save()
    assert_broken(folder, "BROKEN at link 2: its hash is not")


def test_a_link_made_anew_breaks_the_one_after_it(folder):
    entry = folder.chain[1]
    entry.update(payload='{"event": "failed", "contact": 7}')
    entry["digest"] = digest(entry["payload"])
    entry["hash"] = link(entry["previous_hash"], entry["digest"])
    folder.record["state"] = "failed"
    folder.save()
    assert_broken(folder, "BROKEN at link 3: it does not follow")
    folder.record["state"] = "sent"
    folder.save()
    assert_broken(folder, "BROKEN at link 2: the record", ": state", "link 3")


def test_what_other_debtors_links_say_cannot_be_changed_either(folder):
    folder.chain[2]["digest"] = digest("something else")
    folder.save()
    assert_broken(folder, "BROKEN at link 3")


def test_a_link_left_out_is_missed(folder):
    del folder.chain[2]
    folder.save()
    assert_broken(folder, "BROKEN at link 4", "between 2 and this one are missing")


def test_the_chain_begins_with_nothing(folder):
    folder.chain[0]["previous_hash"] = "1" * 64
    folder.chain[0]["hash"] = link("1" * 64, folder.chain[0]["digest"])
    folder.save()
    assert_broken(folder, "BROKEN at link 1: the first link does not begin the chain")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"content": '{"body": "Pay twice"}'}, "its text was changed"),
        ({"salt": "00"}, "its text was changed"),
        ({"content_hash": "00"}, "its text is missing"),
        ({"content": None, "salt": None}, "its text was removed"),
        ({"original": "originals/none.html"}, "its original originals/none.html is"),
    ],
)
def test_a_changed_text_is_named_by_its_link(folder, values, words):
    folder.content.update(values)
    if values.get("original"):
        folder.write_text("originals/7-1-queued.html", BODY)
    folder.write_text(
        "evidence.json", json.dumps({"contents": [folder.content], "contacts": []})
    )
    folder.hash_files()
    assert_broken(folder, f"BROKEN at link 1: {words}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("originals/7-1-queued.html", "original"),
        ("originals/7-1-invoice.pdf", "attachment"),
    ],
)
def test_an_original_that_shows_something_else_is_named(folder, name, words):
    folder.write_text(name, "Something else")
    folder.hash_files()
    assert_broken(folder, f"BROKEN at link 1: its {words} {name} was changed")


def test_a_record_that_says_something_else_than_was_sealed_is_named(folder):
    folder.record["body"] = "<p>Pay at once.</p>"
    folder.save()
    assert_broken(folder, "BROKEN at link 2: the record in the database", ": body")


FACTS = {
    **{"channel": "email", "exemption": "asked", "zone": "America/Santiago"},
    **{"stage": 5, "by_hand": True, "made_by": 2},
    **{"debtor": 10, "case": 20, "company": 1},
}
OTHER_FACTS = {
    **{"channel": "letter", "exemption": None, "zone": "Europe/Madrid"},
    **{"stage": 6, "by_hand": False, "made_by": 3},
    **{"debtor": 11, "case": 21, "company": 2},
}


def tell(folder, *events):
    """Let the folder tell of a contact that nobody wrote, and its record say it."""
    folder.content["content"] = None
    folder.content["salt"] = None
    folder.facts = [folder.facts[0], folder.fact("erased")]
    folder.facts += [folder.fact(event, **FACTS) for event in events]
    folder.record = {"contact": MINE, **FACTS, "state": events[-1], "outcome": None}
    folder.write()


@pytest.mark.parametrize("name", FACTS)
def test_a_record_of_what_was_blocked_is_compared_as_well(folder, name):
    tell(folder, "blocked")
    assert folder.verify()[0] == 0, folder.verify()[1]
    folder.record[name] = OTHER_FACTS[name]
    folder.save()
    assert_broken(folder, "BROKEN at link 3: the record in the database", f": {name}")


def test_a_record_that_stands_elsewhere_than_its_last_link_says_is_named(folder):
    for event, states in (
        ("sent", ("sent",)),
        ("blocked", ("blocked", "dropped")),
        ("skipped", ("skipped",)),
        ("dropped", ("dropped",)),
        ("failed", ("failed",)),
    ):
        tell(folder, event)
        for state in ("sent", "blocked", "skipped", "dropped", "failed", "planned"):
            folder.record["state"] = state
            folder.save()
            code, output = folder.verify()
            assert code == (state not in states), (event, state, output)


def test_what_somebody_tries_again_is_a_plan(folder):
    tell(folder, "sent", "bounced", "retried")
    folder.record.update(state="queued", zone="Europe/Madrid", channel="letter")
    folder.save()
    assert folder.verify()[0] == 0, folder.verify()[1]


def test_what_a_merge_moved_is_said_by_its_link(folder):
    tell(folder, "sent")
    folder.facts.append({**folder.fact("merged", **FACTS), "debtor": 11, "case": 21})
    folder.record.update(debtor=11, case=21)
    folder.write()
    assert folder.verify()[0] == 0, folder.verify()[1]
    folder.record["debtor"] = 10
    folder.save()
    assert_broken(folder, "BROKEN at link 4: the record in the database", ": debtor")


def test_what_may_stand_instead_is_no_change(folder):
    """A channel's module is gone, and facts of before tell less."""
    tell(folder, "sent")
    folder.record.update(channel="other", zone=None)
    folder.save()
    assert folder.verify()[0] == 0, folder.verify()[1]
    for name in ("by_hand", "made_by"):
        del folder.facts[-1][name]
    folder.write()
    assert folder.verify()[0] == 0, folder.verify()[1]


def test_a_text_that_no_link_tells_of_is_named(folder):
    words = json.dumps({"body": "You were told in January"})
    folder.added = [
        {
            "contact": MINE,
            "sequence": 2,
            "salt": "salt",
            "content": words,
            "content_hash": digest("salt" + words),
        }
    ]
    folder.save()
    assert_broken(folder, "link 2", "a text was added")


def test_a_time_line_that_says_something_else_than_the_links_is_named(folder):
    for timeline in (
        folder.timeline[1:],
        [*folder.timeline, folder.fact("replied")],
        [{**folder.timeline[0], "local": "2026-01-01"}, *folder.timeline[1:]],
    ):
        folder.timeline = timeline
        folder.save()
        assert_broken(folder, "the time line in evidence.json was changed")


def test_an_erased_text_is_proved_by_its_hash(folder):
    folder.content.update(content=None, salt=None)
    folder.record.update(subject=None, body=None, address=None)
    folder.facts.append(folder.fact("erased"))
    folder.write()
    code, output = folder.verify()
    assert code == 0, output
    assert "2 texts were erased" in output


def test_changed_missing_and_added_files_are_named(folder):
    folder.write_text(
        "evidence.json", (folder.path / "evidence.json").read_text() + " "
    )
    (folder.path / "originals" / "7-1-invoice.pdf").unlink()
    folder.write_text("notes.txt", "Not part of it")
    assert_broken(
        folder,
        "CHANGED: evidence.json was changed",
        "CHANGED: originals/7-1-invoice.pdf is missing",
        "CHANGED: notes.txt does not belong here",
    )


def test_what_is_no_evidence_is_not_called_broken(folder, tmp_path):
    text = tmp_path / "letter.txt"
    text.write_text("Hello")
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (text, empty, tmp_path / "nothing"):
        code, output = folder.verify(path)
        assert code == 2
        assert output.startswith("CANNOT VERIFY")
    folder.write_text("chain.jsonl", "no JSON")
    assert folder.verify()[0] == 2


def test_the_program_needs_nothing_but_python():
    """Old versions too: no syntax that came after Python 3.8."""
    import ast

    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 8))
    imported = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
