"""What the tests of every module need."""

from unittest import mock

import pytest


@pytest.fixture(scope="session", autouse=True)
def keep_files_of_other_processes(load_registry):
    """Leave the filestore alone after each class of tests.

    The processes that share the tests have one filestore. Odoo would remove each file
    its own database does not know, that is, what the others' open transactions wrote.
    """
    from odoo.tests import TransactionCase

    with mock.patch.object(TransactionCase, "_gc_filestore"):
        yield
