"""Errors: which are none, and the others in words that a person understands."""

from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

# Other work was in the way: done again, the same may well succeed. Any other error of
# the database, a statement that takes too long among them, would come back for ever.
CONFLICTS = (SerializationFailure, DeadlockDetected, LockNotAvailable)


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
