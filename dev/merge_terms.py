"""Bring a module's Spanish files up to date with its exported terms.

Usage: merge_terms.py I18N_FOLDER MODULE

``es.po`` gets every term, ``es_419.po`` keeps only the terms worded differently in
Latin America. Prints what is left to translate; the exit code is 1 if anything is.
"""

import pathlib
import sys

import polib

# Export time and tool: different at each run, of no use to a reader.
VOLATILE = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator")


def main(folder, module):
    template_path = folder / f"{module}.pot"
    template = polib.pofile(str(template_path), wrapwidth=78)
    for name in VOLATILE:
        template.metadata.pop(name, None)
    template.save(str(template_path))
    missing = 0
    for lang in ("es", "es_419"):
        path = folder / f"{lang}.po"
        po = polib.pofile(str(path), wrapwidth=78) if path.exists() else polib.POFile()
        known = {entry.msgid: entry.msgstr for entry in po if entry.msgstr}
        merged = polib.POFile(wrapwidth=78)
        merged.metadata = {**template.metadata, "Language": lang}
        for entry in template:
            translation = known.get(entry.msgid, "")
            if lang == "es" or translation:
                entry = polib.POEntry(
                    msgid=entry.msgid,
                    msgstr=translation,
                    comment=entry.comment,
                    occurrences=entry.occurrences,
                    flags=entry.flags,
                )
                merged.append(entry)
        merged.save(str(path))
        untranslated = merged.untranslated_entries()
        missing += len(untranslated)
        print(f"{path}: {len(merged)} terms, {len(untranslated)} to translate")
        for entry in untranslated:
            print(f"  {entry.msgid!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
