from . import (
    base_partner_merge,
    collection_contact_postpone,
    collection_contact_text,
    collection_preview,
)
