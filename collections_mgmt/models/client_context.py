"""The context comes from whoever calls: it fills no field that is not theirs."""


def without_defaults(records, names=None):
    """Return records whose context gives no default to these fields.

    :param names: names of fields; every field when not given
    """
    context = records.env.context
    forged = {key for key in context if key.startswith("default_")}
    if names is not None:
        forged &= {f"default_{name}" for name in names}
    if not forged:
        return records
    kept = {key: value for key, value in context.items() if key not in forged}
    return records.with_context(kept)  # pylint: disable=context-overridden
