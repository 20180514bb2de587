def post_init_hook(env):
    """Give every company the default strategy: a fresh install works at once."""
    env["res.company"].search([])._collection_set_default_strategy()


def uninstall_hook(env):
    """Let go of the evidence: its tables are dropped with the module."""
    env["collection.evidence"]._remove_triggers()
