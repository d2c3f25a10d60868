"""`tollwire` under a wall clock that libfaketime moves while the monotonic one is left alone.

libfaketime 0.9.10 then refuses the absolute waits of clock_nanosleep, which time.sleep makes; a
wait of select does the same and is let through. The command line is otherwise the product's own.
"""

import select
import time
from typing import SupportsIndex

from deploy.cli import main


def sleep(seconds: SupportsIndex | float) -> None:
    """time.sleep by other means."""
    select.select((), (), (), float(seconds))


if __name__ == "__main__":
    time.sleep = sleep
    main()
