"""What a person wrote in an answer, without what it quotes."""

import re
from itertools import pairwise

from lxml import html

# Where mail programs put the message that is answered.
QUOTES = (
    "//blockquote",
    "//*[@data-o-mail-quote]",
    "//*[contains(@class, 'gmail_quote')]",
    "//*[@id='divRplyFwdMsg' or @id='appendonsend']/following-sibling::*",
)
PUNCTUATION = " \t.,;:!¡\"'“”«»*"


def get_first_line(body):
    """Return the first line of an answer, without punctuation around it.

    Quoted lines, and the line that introduces them, are not the person's.

    >>> get_first_line("<p>Stop!</p><blockquote>Dear debtor</blockquote>")
    'Stop'
    >>> get_first_line("<pre>On Monday they wrote:\\n&gt; Dear debtor\\n\\nBAJA</pre>")
    'BAJA'
    >>> get_first_line("")
    ''
    """
    lines = _read_lines(body)
    for line, following in pairwise([*lines, ""]):
        introduces = line.endswith(":") and following.startswith(">")
        if not line.startswith(">") and not introduces:
            return line.strip(PUNCTUATION)
    return ""


def _read_lines(body):
    """Return the lines that are not empty, without quotations set off by markup."""
    if not (body or "").strip():
        return []
    root = html.fragment_fromstring(str(body), create_parent="div")
    for path in QUOTES:
        for element in root.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    for element in root.iter("br", "p", "div", "li", "tr"):
        element.text = "\n" + (element.text or "")
        element.tail = "\n" + (element.tail or "")
    lines = re.split(r"[\r\n]+", root.text_content())
    return [line for line in (" ".join(line.split()) for line in lines) if line]
