from . import collection_contact, collection_engine, collection_step, sms_sms
