"""How far a partition is done."""

from collections import OrderedDict


class Progress:
    """Which offsets of a partition are under way; all below `position` are done.

    `begin` is called with rising offsets, `finish` in any order.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[int, None] = OrderedDict()
        self._next: int | None = None

    def begin(self, offset: int) -> None:
        """An offset is under way; those left out between are none of ours."""
        self._open[offset] = None
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """An offset is done. KeyError when it is not under way."""
        del self._open[offset]

    @property
    def position(self) -> int | None:
        """The first offset that is not done; None when nothing was begun."""
        return next(iter(self._open), self._next)
