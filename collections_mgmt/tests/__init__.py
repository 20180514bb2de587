from . import (
    test_access,
    test_bounces,
    test_contacts,
    test_decision,
    test_delivery,
    test_listen,
    test_performance,
    test_rules,
    test_sync,
    test_tracking,
    test_views,
)
