from . import test_personal_link, test_portal_plan, test_portal_statement
