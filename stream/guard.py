"""Refuses to run in an environment that holds something else than it seems to.

`schemas`, `stream` and the like are generic names: a package of the same name earlier on the
path, or unpacked into the same folder, would run in place of ours. And each ONNX Runtime fills
the same folder: of two, nobody knows which one runs.
"""

from importlib.metadata import distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schemas.errors import ConfigurationError

DISTRIBUTION: Final = "sluicegate"
PACKAGES: Final = ("schemas", "kyc", "scorers", "stream", "edge", "simulate")
HOME: Final = Path(__file__).resolve().parent.parent
RUNTIMES: Final = {"onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"}
# The extras that bring what not everybody needs, by the name that is imported.
EXTRAS: Final = {"onnxruntime": "cpu", "onnx": "train", "xgboost": "train"}
REMEDY: Final = "install sluicegate into a virtual environment of its own"


def refuse_foreign_packages() -> None:
    """Raise ConfigurationError when one of our import names is another distribution's."""
    complaints = [*_shadowed(), *_shared()]
    if complaints:
        raise ConfigurationError("\n".join([*complaints, REMEDY]))


def only_runtime() -> str:
    """The ONNX Runtime that is installed. Raises ConfigurationError where none is, or several."""
    found = sorted({dist.name.lower().replace("_", "-") for dist in distributions()} & RUNTIMES)
    if len(found) != 1:
        raise ConfigurationError(
            f"{len(found)} ONNX runtimes are installed ({', '.join(found) or 'none'}), not one\n"
            "make a new virtual environment; install sluicegate[cpu] or sluicegate[gpu], not both"
        )
    return found[0]


def _shadowed() -> list[str]:
    found = []
    for name in PACKAGES:
        spec = find_spec(name) if (HOME / name).is_dir() else None
        if spec and spec.origin and Path(spec.origin).resolve().parent != HOME / name:
            found.append(f"the package {name} resolves to {spec.origin}, not to {HOME / name}")
    return found


def _shared() -> list[str]:
    owners = packages_distributions()
    return [
        f"the package {name} is also installed by the distribution {other}"
        for name in PACKAGES
        for other in sorted(set(owners.get(name, [])) - {DISTRIBUTION})
    ]
