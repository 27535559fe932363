"""An update of all parameters happens whole or not at all, though Ctrl-C or an error may stop it anywhere.

Of small blocks a copy is made before, and put back. Of a large one that would cost as much as a good part of the
update; so where there is one, Ctrl-C waits until the update has ended. Read next: `sgd.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import chain, repeat
from operator import setitem
from typing import Any

from .block import Block


class Whole:
    """The context in which blocks are updated: left by an exception, it puts back the small ones as they were."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self._small = [block for block in blocks if block.kept]
        self._waits = len(self._small) < len(blocks)
        self._pairs = [pair for b in self._small for pair in zip(b.kept, (b.theta, *b.state), strict=True)]
        self._handler: Any = None
        self._signals: list[tuple[Any, ...]] = []

    def __enter__(self) -> None:
        for kept, array in self._pairs:
            kept[...] = array
        for block in self._small:
            block.kept_t = block.t
        if self._waits and threading.current_thread() is threading.main_thread():
            import signal  # few need it: `import minigrad` stays quick

            if callable(handler := signal.getsignal(signal.SIGINT)):
                self._handler = handler
                signal.signal(signal.SIGINT, lambda *signal_and_frame: self._signals.append(signal_and_frame))

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is not None:
            kept, arrays = zip(*self._pairs, strict=True) if self._pairs else ((), ())
            counts = map(setattr, self._small, repeat("t"), [block.kept_t for block in self._small])
            # In one call, which Ctrl-C does not cut in two.
            deque(chain(map(setitem, arrays, repeat(...), kept), counts), 0)
        if self._handler is not None:
            import signal

            signal.signal(signal.SIGINT, self._handler)
            handler, signals = self._handler, self._signals[:1]
            self._handler, self._signals = None, []
            for signal_and_frame in signals:
                handler(*signal_and_frame)
