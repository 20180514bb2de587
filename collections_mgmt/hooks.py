def post_init_hook(env):
    """Give every company the default strategy: a fresh install works at once."""
    env["res.company"].search([])._collection_set_default_strategy()
