"""Signatures of the Standard Webhooks specification (github.com/standard-webhooks)."""

import hmac
from base64 import b64encode
from collections.abc import Sequence

from edge.webhook.delivery import Delivery


def headers(delivery: Delivery, keys: Sequence[bytes], seconds: int) -> dict[str, str]:
    """The headers of one try at Unix time `seconds`: one signature per valid key, newest first.

    While a secret is replaced, receivers with the old one and those with the new one both find
    a signature that fits.
    """
    signed = b"%b.%d.%b" % (delivery.decision_id.encode(), seconds, delivery.body)
    return {
        "webhook-id": delivery.decision_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
