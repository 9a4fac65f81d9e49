"""Found by a program whose PYTHONPATH names this folder: its clock is off by the seconds that a
file says, also while it runs.
"""

import os
import time
from pathlib import Path

_real, _file = time.time, Path(os.environ["SHIFTED_BY"])
time.time = lambda: _real() + float(_file.read_text())
