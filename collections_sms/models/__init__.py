from . import (
    collection_case,
    collection_contact,
    collection_engine,
    collection_step,
    res_partner,
    sms_sms,
    sms_template,
)
