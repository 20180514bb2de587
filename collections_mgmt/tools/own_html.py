"""Pieces of HTML that the suite made itself, kept apart while a text is cleaned.

Cleaning HTML looks at each tag. Most tags of a message are the rows of its table of
items, which QWeb has just written and escaped: with ten items to a debtor, cleaning
them again took a quarter of the time a message took.
"""

import secrets

from markupsafe import Markup


def set_aside(html, pieces):
    """Put a mark in the place of each piece that stands in a text, word for word.

    :param Markup html: the text
    :param pieces: Markup; empty ones are left out
    :return: the text with marks, {mark: piece}
    """
    kept = {}
    for piece in filter(None, pieces):
        if piece in html:
            # Nobody who writes the text can guess it.
            mark = Markup('<hr class="%s">') % secrets.token_hex(16)
            html = html.replace(piece, mark)
            kept[mark] = piece
    return html, kept


def put_back(html, kept):
    """Put the pieces back in their places.

    :param dict kept: {mark: piece}, from ``set_aside``
    :return: the text; None where a mark did not come through the cleaning
    """
    for mark, piece in kept.items():
        if mark not in html:
            return None
        html = html.replace(mark, piece)
    return html
