"""The errors that a caller can act on.

SluicegateError
├── ConfigurationError     a setting, policy or model file is wrong; the message says which and how
│   ├── PolicyError        the policy file
│   ├── ListError          a file of a list: unreadable, too large, or of another kind
│   └── ModelError         a model bundle that must not be served
├── MalformedEventError    a message that becomes a dead letter; carries the field
├── UnreadableFileError    a file that is cut off or not what its suffix says
└── StoreError             the store refused or cannot be reached
    └── FencedError        another worker has written past this batch; ours must be dropped
"""


class SluicegateError(Exception):
    """The root of every error that sluicegate raises on purpose."""


class ConfigurationError(SluicegateError):
    """A setting, a policy or a model file is wrong; the message says which and what to do."""


class PolicyError(ConfigurationError):
    """The policy file does not say what a policy must say."""


class ListError(ConfigurationError):
    """A file of a list cannot be read, is too large, or is not of its kind."""


class ModelError(ConfigurationError):
    """A model that must not be served: features differ, a digest is wrong, an op is unknown."""


class MalformedEventError(SluicegateError):
    """A message that cannot be read; `field` names the culprit, or is empty for the whole."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field


class UnreadableFileError(SluicegateError):
    """A file that is cut off, or not compressed as its suffix says."""


class StoreError(SluicegateError):
    """The store refused, or cannot be reached."""


class FencedError(StoreError):
    """Another worker has written past this batch: whoever sees this has lost the partition."""
