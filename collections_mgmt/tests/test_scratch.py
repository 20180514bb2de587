import time
from odoo.addons.collections_mgmt.tests.common import CollectionCommon

class TestScratch(CollectionCommon):
    def test_a(self):
        t=time.perf_counter()
        p=self._create_debtor("Foo Bar")
        inv=self._create_overdue_invoice(p, 5)
        print("inv", time.perf_counter()-t); t=time.perf_counter()
        with self._day(1): pass
        print("freeze", time.perf_counter()-t); t=time.perf_counter()
        r=self._plan()
        print("plan", time.perf_counter()-t); t=time.perf_counter()
        self._deliver()
        print("deliver", time.perf_counter()-t); t=time.perf_counter()
        m=self._send_mails()
        print("send", time.perf_counter()-t, m); t=time.perf_counter()
        c=self._contacts(p)
        print(c.read()); print(self._items(inv).read()); print(self._case(p).read())
        r.contact_ids
        self._run(3)
        print("run", time.perf_counter()-t, m); t=time.perf_counter()
        print(self._case(p).decision_text, self._items(inv).stage_id)
