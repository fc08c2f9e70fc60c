"""How many jobs a key may submit in a minute."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque

from qexp.emulator.refusal import TOO_MANY_REQUESTS, Refusal

MINUTE = 60.0


class Rate:
    """How many jobs each key has submitted in the last minute."""

    def __init__(self, most: int | None) -> None:
        """Begin to count.

        Args:
            most: Most jobs of a key in a minute; None is any number.
        """
        self._most = most
        self._sent: dict[str, deque[float]] = defaultdict(deque)

    def require(self, owner: str) -> None:
        """Count a job.

        Raises:
            Refusal: It is one too many; it is not counted.
        """
        if self._most is None:
            return
        now, sent = time.monotonic(), self._sent[owner]
        while sent and sent[0] <= now - MINUTE:
            sent.popleft()
        if len(sent) >= self._most:
            raise Refusal(
                *TOO_MANY_REQUESTS,
                f"Too many job requests received: the limit is {self._most} per minute",
                "Reduce the request rate and try again",
                retry_after=math.ceil(sent[0] + MINUTE - now),
            )
        sent.append(now)
