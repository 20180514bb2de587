from . import (
    test_access,
    test_contacts,
    test_decision,
    test_delivery,
    test_performance,
    test_rules,
    test_sync,
    test_views,
)
