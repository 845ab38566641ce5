import time
from tests.erp.finance.journal.imports.test_service import *
def test_zz(importer, tmp_path):
    t=time.time(); last=[None]
    def pr(p):
        if p.phase!=last[0]: print(f"{time.time()-t:.2f}",p.phase); last[0]=p.phase
    importer(a_csv(tmp_path, *[a_row(Номер=str(i)) for i in range(12_000)], headings=WIDE), pr)
    print(f"{time.time()-t:.2f}")
