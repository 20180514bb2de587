"""Words shared by the models: channels, states and the engine's decisions."""

CHANNELS = [
    ("email", "E-mail"),
    ("task", "Task for a collector"),
]

# How a contact was made. "other" keeps the record when a channel's module is removed.
CONTACT_CHANNELS = [*CHANNELS, ("other", "Other")]

CONTACT_STATES = [
    ("planned", "Planned"),
    ("queued", "In the outgoing queue"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("dropped", "Dropped"),
]

# What the engine concluded about a case. The order is the order of the checks: the
# first that applies is the answer.
DECISIONS = [
    ("no_strategy", "No strategy"),
    ("queued", "Message on its way"),
    ("not_due", "Nothing due"),
    ("credits", "Covered by credits"),
    ("minimum", "Below the minimum amount"),
    ("wait", "Waiting for the next stage"),
    ("last_stage", "Last stage reached"),
    ("failed", "Last message failed"),
    ("gap", "Contacted recently"),
    ("no_address", "No address"),
    ("send", "To contact"),
    # What became of "send" until the next run decides anew.
    ("sent", "Contacted"),
    ("dropped", "Settled in the meantime"),
]

# Decisions that leave the debtor to a person: nothing more happens by itself.
DECISIONS_FOR_A_PERSON = ("no_strategy", "last_stage", "failed", "no_address")

DELIVERY_BATCH_SIZE = 100
