"""Words shared by the models: channels, states and the engine's decisions."""

CHANNELS = [
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("task", "Task for a collector"),
]

# Channels whose text comes from a template of model collection.contact.
WRITTEN_CHANNELS = ("email", "letter")

# What the debtor did since the last message, as a condition of a step.
CONDITIONS = [
    ("always", "Always"),
    ("not_opened", "The last message was not opened"),
    ("opened", "The last message was opened"),
    ("clicked", "The link in the last message was followed"),
    ("replied", "The debtor replied to the last message"),
    ("nothing", "The debtor did nothing since the last message"),
]

# How a contact was made. "other" keeps the record when a channel's module is removed.
CONTACT_CHANNELS = [*CHANNELS, ("other", "Other")]

CONTACT_STATES = [
    ("test", "Test: not sent"),
    ("review", "Waits for approval"),
    ("planned", "Planned"),
    ("queued", "In the outgoing queue"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("dropped", "Dropped"),
    ("skipped", "Skipped by a person"),
]

# States of a contact that may still reach the debtor.
PENDING_STATES = ("review", "planned", "queued")

# What the engine concluded about a case. The order is the order of the checks: the
# first that applies is the answer.
DECISIONS = [
    ("no_strategy", "No strategy"),
    ("review", "Waits for approval"),
    ("queued", "Message on its way"),
    ("not_due", "Nothing due"),
    ("hold", "On hold"),
    ("replied", "The debtor replied"),
    ("credits", "Covered by credits"),
    ("promised", "Promised"),
    ("disputed", "Disputed"),
    ("tolerance", "Small differences only"),
    ("minimum", "Below the minimum amount"),
    ("wait", "Waiting for the next stage"),
    ("last_stage", "Last stage reached"),
    ("condition", "Waits for what the debtor does"),
    ("failed", "Last message failed"),
    ("gap", "Contacted recently"),
    ("no_address", "No address"),
    ("send", "To contact"),
    # What became of "send" until the next run decides anew.
    ("sent", "Contacted"),
    ("dropped", "Settled in the meantime"),
    ("skipped", "Skipped by a person"),
]

# Decisions that leave the debtor to a person: nothing more happens by itself.
DECISIONS_FOR_A_PERSON = (
    "no_strategy",
    "review",
    "replied",
    "last_stage",
    "condition",
    "failed",
    "no_address",
)

DELIVERY_BATCH_SIZE = 100

# From so many new rows on, the database's statistics are renewed at once.
ANALYZE_FROM = 1000

# What one sort or join of a run may take in the database, before it uses its disk.
WORK_MEMORY = "64MB"

# How long the personal link of a message can be followed.
PERSONAL_LINK_DAYS = 180

# How long an accountant's posting waits for other work on the same cases.
SYNC_LOCK_TIMEOUT = "2s"
# After how many minutes cases that could not follow the ledger are tried again.
SYNC_RETRY_DELAY = 5

# How many documents one call of wkhtmltopdf prints: each is a file it keeps open.
PDF_BATCH_SIZE = 100
