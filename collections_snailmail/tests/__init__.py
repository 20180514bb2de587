from . import test_snailmail_letters
