"""What is installed, and the one secret."""

from schemas.errors import ConfigurationError
from stream.doctor.check import Check, Verdict
from stream.guard import REMEDY, only_runtime, refuse_foreign_packages
from stream.settings import Settings


def check_packages() -> Check:
    """Whether our import names are ours."""
    try:
        refuse_foreign_packages()
    except ConfigurationError as error:
        return Check("packages", Verdict.FAIL, str(error).split("\n", 1)[0], REMEDY)
    return Check("packages", Verdict.OK, "every package is ours")


def check_runtime() -> Check:
    """Whether exactly one runtime of models is there."""
    try:
        return Check("runtime", Verdict.OK, only_runtime())
    except ConfigurationError as error:
        what, remedy = str(error).split("\n", 1)
        return Check("runtime", Verdict.FAIL, what, remedy)


def check_pepper(settings: Settings) -> Check:
    """Whether it is set; never what it is."""
    try:
        settings.pepper_bytes()
    except ConfigurationError as error:
        return Check("pepper", Verdict.FAIL, "not set", str(error))
    return Check("pepper", Verdict.OK, "set")
