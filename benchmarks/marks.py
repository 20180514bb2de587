"""What parent and child processes agree on."""

# Before the JSON in which a child gives its figures
RESULT_MARK = "RESULT:"
