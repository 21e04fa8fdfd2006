"""Have free memory at hand before something is timed: `python -m benchmarks.memory`.

A virtual machine may return memory to its host that was free for some seconds ("free page
reporting"), and gets it back page by page at the first touch: a new file of 256 MB then took 0.9 s
of the processor, else 0.07. What is timed here is the work, not that.
"""

from __future__ import annotations

import mmap
import os
import subprocess

from infosum_auth.components import python

_ENOUGH = 3 << 30


def have_at_hand() -> None:
    """Touch what memory is free, or so much as is enough, and free it again.

    In a process of its own: it is the peak of none that is measured.
    """
    subprocess.run(python("benchmarks.memory"), check=True)


def main() -> None:
    """Touch it."""
    free = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    # The other half stays free, so that no file is put out of memory for it.
    size = min(_ENOUGH, free // 2)
    with mmap.mmap(-1, size) as memory:
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1


if __name__ == "__main__":
    main()
