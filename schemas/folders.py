"""A folder that is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """An empty folder to write into; becomes `out` when the block ends well. Raises OSError.

    It lies beside `out`, hidden and under another name each time: what a killed process leaves
    stands in nobody's way.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as place:
        folder = Path(place) / out.name
        folder.mkdir()
        yield folder
        folder.rename(out)
