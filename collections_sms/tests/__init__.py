from . import test_sms_channel, test_sms_delivery, test_sms_elsewhere, test_sms_gate
