from . import (
    collection_case,
    collection_contact,
    collection_engine,
    collection_step,
    mail_thread,
    sms_sms,
    sms_template,
    sms_tracker,
)
