"""Errors in words that a person understands."""


def explain(error):
    """Return in one line what went wrong at the bottom of an error.

    Odoo wraps what a template raises into a text of many lines, for programmers.
    """
    while "\n" in str(error).strip() and (
        cause := error.__cause__ or error.__context__
    ):
        error = cause
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
