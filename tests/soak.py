"""The long runs of `make soak`: random SIGKILLs behind a faulty network, then 400 simulated days.

python tests/soak.py [--runs 500] [--seed N] [--strategy ours|append-then-record|search-then-append]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "daemon"), str(ROOT / "classifiers")]

if __name__ == "__main__":
    from flows import crash_soak

    sys.exit(crash_soak.main())
