"""Words as a reader sees them, whatever their accents, capitals and markup."""

import re
import unicodedata
from functools import lru_cache
from itertools import filterfalse

from lxml import etree, html

# Elements that begin a line of their own: words do not run over their borders.
BLOCKS = (
    *("address", "article", "blockquote", "br", "div", "footer", "header", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "section"),
    *("table", "td", "th", "tr", "ul"),
)
# What is read aloud or shown on a picture's place is text, too.
SPOKEN_ATTRIBUTES = ("alt", "title")
find_spoken = etree.XPath("//*[@alt or @title]")


def read_html(text):
    """Return the text of HTML, or of plain text, on one line.

    >>> read_html("<p>Cita<b>ción</b></p><p>judicial&nbsp;</p>")
    'Citación judicial'
    >>> read_html("5 < 6")
    '5 < 6'
    """
    if not re.search(r"<[a-zA-Z!/]", text or ""):
        return " ".join((text or "").split())
    root = html.fragment_fromstring(str(text), create_parent="div")
    etree.strip_elements(root, etree.Comment, "style", "script", with_tail=False)
    for block in root.iter(*BLOCKS):
        block.text = f" {block.text or ''}"
        block.tail = f" {block.tail or ''}"
    for element in find_spoken(root):
        spoken = filter(None, map(element.get, SPOKEN_ATTRIBUTES))
        element.text = f" {' '.join(spoken)} {element.text or ''}"
    words = etree.tostring(root, method="text", encoding="unicode", with_tail=False)
    return " ".join(words.split())


def simplify(text):
    """Return words to compare: no accents, no capitals, one space between.

    >>> simplify("  Citación\\nJUDICIAL ")
    'citacion judicial'
    """
    decomposed = unicodedata.normalize("NFKD", text or "")
    letters = "".join(filterfalse(unicodedata.combining, decomposed))
    return " ".join(letters.casefold().split())


def find_words(words, texts):
    """Return those of the words that stand in one of the texts as whole words.

    >>> find_words(["citación judicial", "writ"], ["CITACION  JUDICIAL", "We write"])
    ['citación judicial']
    """
    simple = [simplify(text) for text in texts]
    return [
        word
        for word in words
        if any(_is_word_in(_simplify_once(word), t) for t in simple)
    ]


def _is_word_in(word, text):
    # Most texts contain none of the words: that is seen without a pattern.
    return (
        bool(word)
        and word in text
        and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
    )


# A list of words is looked for in one message after the other.
_simplify_once = lru_cache(maxsize=1024)(simplify)


def is_said(piece, text):
    """Return whether a text says a piece in the same words.

    Stars, which stand for bold letters in text without markup, make no difference.

    >>> is_said("Ways to pay: transfer", "Hello. *Ways to pay:*  TRANSFER. Bye")
    True
    """
    return simplify(piece).replace("*", "") in simplify(text).replace("*", "")
