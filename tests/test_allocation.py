"""Large tensors lie on huge pages, so that what a step frees fits the next one; whoever sets it otherwise is heard."""

import os
import subprocess
import sys

import pytest

CODE = "import recore, torch; print(*(torch.empty(n << 18).data_ptr() % 4096 for n in (3, 5, 9, 20)))"


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch does this on Linux")
@pytest.mark.parametrize(("given", "aligned"), [(None, True), ("0", False)])
def test_large_tensors_start_at_a_page(given, aligned):
    environment = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    environment |= {} if given is None else {"THP_MEM_ALLOC_ENABLE": given}
    shown = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert all(int(offset) == 0 for offset in shown.stdout.split()) == aligned
