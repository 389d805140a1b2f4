"""Feature rows to calibrated scores and reasons. Knows neither Kafka nor Redis."""

import os
from typing import Literal

# Importing onnxruntime 1.31 on Linux starts its maker's telemetry and leaves a file in the
# temporary folder; only this variable, set before the import, keeps it from that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

Device = Literal["cpu", "gpu"]
"""Where scores are worked out. Here, since settings name it before any runtime is imported."""
