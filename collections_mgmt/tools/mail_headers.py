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


def is_delayed(message):
    """Return whether a delivery report only says that the server goes on trying.

    :param email.message.EmailMessage message: a report by RFC 3464, its fields
        "Action" per recipient
    """
    actions = [
        _get_word(recipient, "Action")
        for part in message.walk()
        if part.get_content_type() == "message/delivery-status"
        for recipient in part.get_payload()
        if recipient.get("Action")
    ]
    return bool(actions) and set(actions) == {"delayed"}


def _get_word(headers, name):
    """Return a header's value without its parameters, in lower case."""
    return str(headers.get(name) or "").split(";")[0].strip().lower()
