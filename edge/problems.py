"""Problem details (RFC 9457) for every answer that is a refusal or an error."""

from http import HTTPStatus
from typing import Any, Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"
# Problem types that draft-ietf-httpapi-ratelimit-headers-11, section 5, asks IANA to register.
_IANA: Final = "https://iana.org/assignments/http-problem-types#"
QUOTA_EXCEEDED: Final = _IANA + "quota-exceeded"
REDUCED_CAPACITY: Final = _IANA + "temporary-reduced-capacity"
ABNORMAL_USAGE: Final = _IANA + "abnormal-usage-detected"


def problem(
    status: int,
    detail: str,
    kind: str = "about:blank",
    title: str | None = None,
    **members: Any,
) -> bytes:
    """The JSON body of a problem; with `about:blank` the title is the status's phrase."""
    body = {
        "type": kind,
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return msgspec.json.encode(body | members)
