"""Who stands in for whom: absences can follow one another, even in a circle."""


def find_stand_in(substitutes, user):
    """Return who does the work of a user.

    :param dict substitutes: {who is absent: their substitute}
    :return: the user, where present; else the first substitute in turn who is; the
        user again when nobody is
    """
    found, passed = user, set()
    while found in substitutes:
        if found in passed:
            return user
        passed.add(found)
        found = substitutes[found]
    return found


def find_absent(substitutes, user):
    """Return whose work a user does, directly or for another substitute.

    :param dict substitutes: {who is absent: their substitute}
    :rtype: frozenset
    """
    found, wanted = set(), {user}
    while wanted:
        wanted = {absent for absent, by in substitutes.items() if by in wanted} - found
        found |= wanted
    return frozenset(found - {user})
