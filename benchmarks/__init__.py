"""Speed and memory of the renderer beside its peers, measured in one run.

Numeric libraries are kept to one thread; that has to be said before any of them is imported.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
