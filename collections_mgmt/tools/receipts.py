"""Files that strangers send as receipts: what they are is read from their bytes."""

# By how the file begins: what the browser says of it proves nothing.
KINDS = (
    (b"%PDF-", ("pdf", "application/pdf")),
    (b"\x89PNG\r\n\x1a\n", ("png", "image/png")),
    (b"\xff\xd8\xff", ("jpg", "image/jpeg")),
)


def get_receipt_kind(content):
    """Return (extension, MIME type) of a file; None if it is no receipt.

    :param bytes content: the file, or its beginning
    """
    return next((kind for start, kind in KINDS if content.startswith(start)), None)


def get_receipt_name(name, extension):
    """Return a name of one line for a file, with the extension of what it really is.

    :param str name: as its sender called it; may hold a path
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = base.rsplit(".", 1)[0].strip(" .")
    return f"{stem[:80] or 'receipt'}.{extension}"
