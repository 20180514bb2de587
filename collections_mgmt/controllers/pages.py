"""Pages by themselves: whoever comes by a link is not logged in."""

from odoo.http import request

PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
]


def render_page(template, record_sudo, lang, **values):
    """Return the response with a page about a record; "not found" without one.

    :param str template: it gets the values, and ``lang`` for the page itself
    :param str lang: of the visitor; when empty, what the request says
    """
    lang = lang or request.env.lang or "en_US"
    values["lang"] = lang.split("_")[0]
    content = (
        request.env["ir.qweb"]
        .with_context(lang=lang)
        ._render(template, values, minimal_qcontext=True)
    )
    return request.make_response(
        content, headers=PAGE_HEADERS, status=200 if record_sudo else 404
    )


def clean_text(value, length):
    """Return what a visitor wrote in one line: nothing that a database refuses.

    :param value: as the request has it; a file is no text
    """
    if not isinstance(value, str):
        return ""
    return " ".join(value.replace("\0", " ").split())[:length]
