"""Say of replies that nobody has read yet how they came: by e-mail, as all did."""


def migrate(cr, version):
    if not version:
        return
    cr.execute(
        """
        UPDATE collection_case SET reply_channel = 'email'
         WHERE reply_date IS NOT NULL AND reply_channel IS NULL
        """
    )
