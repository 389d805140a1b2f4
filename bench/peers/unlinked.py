"""The worker without links and campaigns: `python -m bench.peers.unlinked`.

It works out no touch and sends none. What the linker says of accounts comes with their states, in
the same round trip, so that part stays.
"""

import sys
from unittest.mock import patch

from stream import agents
from stream.link.touches import Touch
from stream.settings import load_settings
from stream.worker import run


def _touch_nobody(*_: object) -> list[Touch]:
    return []


def main() -> None:
    """Run until a signal comes."""
    with patch.object(agents, "touch", _touch_nobody):
        sys.exit(run(load_settings()))


if __name__ == "__main__":
    main()
