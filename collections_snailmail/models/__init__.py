from . import (
    collection_case,
    collection_contact,
    res_company,
    res_config_settings,
    snailmail_letter,
)
