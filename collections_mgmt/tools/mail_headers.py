"""What the headers of an e-mail say about who wrote it."""

# Headers that only a machine writes; those of the RFC are rarer than these.
AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")
AUTOMATIC_PRECEDENCES = ("auto_reply", "bulk", "junk")


def is_automatic(headers):
    """Return whether a machine wrote the message, as an out-of-office notice.

    :param headers: a mapping with case-insensitive ``get``: email.message.EmailMessage

    >>> from email.message import EmailMessage
    >>> message = EmailMessage()
    >>> is_automatic(message)
    False
    >>> message["Auto-Submitted"] = "auto-replied; owner-email=me@example.com"
    >>> is_automatic(message)
    True
    """
    submitted = _get_word(headers, "Auto-Submitted")
    return (
        submitted not in ("", "no")
        or _get_word(headers, "Precedence") in AUTOMATIC_PRECEDENCES
        or any(_get_word(headers, name) not in ("", "no") for name in AUTOMATIC_HEADERS)
    )


def _get_word(headers, name):
    """Return a header's value without its parameters, in lower case."""
    return str(headers.get(name) or "").split(";")[0].strip().lower()
