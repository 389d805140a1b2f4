"""The environment variables that settings are read from: their names, and values that many hold."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

PREFIX: Final = "SLUICEGATE_"
# The test suite's own switches (which Kafka jars to use) are not settings of the product.
TEST_PREFIX: Final = "SLUICEGATE_TEST_"


def _long_enough(value: SecretStr) -> SecretStr:
    # 16 characters: below 64 bits even of hexadecimal text a secret can be searched through.
    if len(value.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters")
    return value


Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


def variable(name: str) -> str:
    """The environment variable of a setting: `batch_max` is `SLUICEGATE_BATCH_MAX`."""
    return PREFIX + name.upper()
