"""An opening that meets a locked contact, with two real connections."""

LOCKED_AND_FREE = """
    env.company.collection_track_reading = True
    overdue_invoice("Locked", "locked@example.com", 5)
    overdue_invoice("Free", "free@example.com", 5)
    locked, free = env["collection.run"]._plan(env.company).contact_ids.sorted(
        lambda contact: contact.partner_id.name != "Locked")
    env.cr.commit()
    with env.registry.cursor() as queue:
        queue.execute(
            "UPDATE collection_contact SET subject = 'x' WHERE id = %s", [locked.id])
        # A visitor who waits is an error here.
        env.cr.execute("SET lock_timeout = '2s'")
        (locked | free)._note_clicked()
        env.cr.commit()
        queue.rollback()
    result({
        contact.partner_id.name: [bool(contact.date_opened), bool(contact.date_clicked)]
        for contact in locked | free
    })
"""


def test_a_visitor_does_not_wait_for_a_contact_that_is_being_worked_on(own_db):
    assert own_db.shell(LOCKED_AND_FREE) == {
        "Locked": [False, False],
        "Free": [True, True],
    }
