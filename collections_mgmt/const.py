"""Words shared by the models: channels, states and the engine's decisions."""

from datetime import date

CHANNELS = [
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("task", "Task for a collector"),
]

# Channels whose text comes from a template of model collection.contact.
WRITTEN_CHANNELS = ("email", "letter")

# Channels that a debtor can refuse by itself. Never letters: one way has to be left.
OPT_OUT_CHANNELS = ("email", "sms", "im")

# What the debtor did since the last message, as a condition of a step.
CONDITIONS = [
    ("always", "Always"),
    ("not_opened", "The last message was not opened"),
    ("opened", "The last message was opened"),
    ("clicked", "The link in the last message was followed"),
    ("replied", "The debtor replied to the last message"),
    ("nothing", "The debtor did nothing since the last message"),
    ("promised", "The debtor promised to pay"),
    ("broke_promise", "The debtor broke a promise"),
]

# How a contact was made. "other" keeps the record when a channel's module is removed.
CONTACT_CHANNELS = [
    *CHANNELS,
    ("call", "Phone call"),
    ("work_call", "Phone call at work"),
    ("visit", "Visit"),
    ("im", "WhatsApp or other chat"),
    ("other", "Other"),
]

# What a law may want to come first, each by a name of its own.
LEGAL_NOTICES = [
    ("validation", "Validation notice (USA)"),
    ("fourteen_days", "14-day letter (Netherlands)"),
]

# What came of a contact that a person made.
CONTACT_OUTCOMES = [
    ("attempted", "No answer"),
    ("left", "Message left"),
    ("sent", "Sent"),
    ("reached", "Reached the debtor"),
    ("talk", "Talked with the debtor"),
]

CONTACT_STATES = [
    ("test", "Test: not sent"),
    ("review", "Waits for approval"),
    ("planned", "Planned"),
    ("queued", "In the outgoing queue"),
    ("reserved", "Being made"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("dropped", "Dropped"),
    ("blocked", "Not allowed"),
    ("skipped", "Skipped by a person"),
]

PROMISE_STATES = [
    ("draft", "Draft"),
    ("open", "Open"),
    ("kept", "Kept"),
    ("partly", "Partly Kept"),
    ("broken", "Broken"),
    ("replaced", "Replaced"),
    ("cancelled", "Cancelled"),
]

# Promises whose date passed without the money.
FAILED_PROMISES = ("broken", "partly")

# After how many days the daily jobs stop looking at a promise that has ended. What
# happens in the ledger to its items is followed however old it is.
PROMISE_LOOK_BACK_DAYS = 90

PAYMENT_METHODS = [
    ("transfer", "Bank transfer"),
    ("direct_debit", "Direct debit"),
    ("card", "Card"),
    ("online", "Online"),
    ("cheque", "Cheque"),
    ("cash", "Cash"),
    ("other", "Other"),
]

# States of a contact that may still reach the debtor.
PENDING_STATES = ("review", "planned", "queued")

# What an outgoing queue may be about to send: for the first time, or once more.
QUEUE_STATES = ("queued", "failed")

# What was decided not to leave, whoever tries to send it again.
OFF_STATES = ("dropped", "blocked")

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
    ("held", "Items on hold or announced"),
    ("tolerance", "Small differences only"),
    ("minimum", "Below the minimum amount"),
    ("wait", "Waiting for the next stage"),
    ("last_stage", "Last stage reached"),
    ("condition", "Waits for what the debtor does"),
    ("blocked", "Contact not allowed"),
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
    "blocked",
    "no_address",
)

# So many messages take little more than a second. Until then their cases are locked,
# and an accountant's posting waits no longer than SYNC_LOCK_TIMEOUT.
DELIVERY_BATCH_SIZE = 200

# After how many days something is asked for again that no rule ever allows.
BLOCKED_RETRY_DAYS = 7
# Over how many seconds messages that wait for the same moment are spread.
SPREAD_SECONDS = 2 * 60 * 60

# From so many new rows on, the database's statistics are renewed at once.
ANALYZE_FROM = 1000

# What one sort or join of a run may take in the database, before it uses its disk.
WORK_MEMORY = "64MB"

# How long the personal link of a message can be followed.
PERSONAL_LINK_DAYS = 180

# The last day of a hold that ends when somebody ends it.
ENDLESS = date.max

# What debtors send as a receipt of a payment, at most.
RECEIPT_MAX_BYTES = 5 * 1024 * 1024
# For how many days what a debtor says is paid is held where nobody set any limit.
ANNOUNCED_DAYS = 5
# How long ago a payment can have been made that is announced now.
ANNOUNCED_PAST_DAYS = 366

# How long an accountant's posting waits for other work on the same cases.
SYNC_LOCK_TIMEOUT = "2s"
# After how many minutes cases that could not follow the ledger are tried again.
SYNC_RETRY_DELAY = 5

# How many documents one call of wkhtmltopdf prints: each is a file it keeps open.
PDF_BATCH_SIZE = 100

# Fields of a contact that tell of something when they are first set: {field: kind of
# event}.
FIRST_TIMES = {
    "is_bounced": "bounced",
    "is_incident": "incident",
    "date_delivered": "delivered",
    "date_opened": "opened",
    "date_clicked": "clicked",
    "date_replied": "replied",
}

# How many facts are sealed, verified or written into an evidence file at a time.
SEAL_BATCH_SIZE = 5000

# The type of notes about what the course of a case tells as an entry of its own.
TOLD_BY_COURSE = "auto_comment"

DISPUTE_STATES = [
    ("open", "Open"),
    ("review", "In Review"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
]

# States of a dispute that nobody has answered yet.
OPEN_DISPUTES = ("open", "review")

# How a hold on items, or an announced payment, ended.
HOLD_ENDS = [
    ("settled", "Settled"),
    ("ended", "Ended"),
    ("cancelled", "Cancelled"),
]
HOLD_STATES = [("open", "In Force"), *HOLD_ENDS]
# What lists say of it.
SHOWN_HOLD_STATES = [("held", "On Hold"), ("announced", "Announced"), *HOLD_ENDS]

# What left nothing to hold, where a hold was settled.
SETTLED_BY = [
    ("payment", "Payment"),
    ("credit", "Credit note or correction"),
    ("both", "Payment and credit"),
    ("unmatched", "Payment or credit not matched yet"),
    ("other", "Cancelled or not followed any more"),
]

# Why a case stands high or low in the worklist: a team can weigh each.
RANKING_FACTORS = [
    ("reply", "The debtor replied"),
    ("promise", "A promise is due"),
    ("callback", "The case was put off until now"),
    ("activity", "A task is due"),
    ("person", "Needs a person"),
    ("amount", "Amount overdue"),
    ("age", "Days late"),
    ("broken", "Broken promises"),
    ("risk", "Risk of the debtor"),
    ("silence", "Days since the last contact"),
    ("blocked", "Cannot be contacted now"),
    ("covered", "Covered by credits or a promise"),
    ("contested", "Contested by the debtor"),
]

# How cases are dealt out to the collectors of a team: tools.assignment.METHODS, and one
# person for all.
ASSIGNMENT_METHODS = [
    ("turn", "One after the other"),
    ("load", "To whom carries fewest cases for their capacity"),
    ("amount", "To whom carries the least overdue amount"),
    ("fixed", "Always to the same collector"),
]

# Why a case changed hands.
ASSIGNMENT_SOURCES = [
    ("debtor", "The debtor's own collector"),
    ("kept", "Had the debtor before"),
    ("rule", "Assignment rule"),
    ("leader", "Nobody had room: to the supervisor"),
    ("person", "By a person"),
]

# What became of an e-mail from outside that answers no message.
INCOMING_STATES = [
    ("new", "To Sort"),
    ("attached", "Attached to a Case"),
    ("dismissed", "Not About a Case"),
]

# How many escalations are raised per transaction.
ESCALATION_BATCH_SIZE = 500
