"""The check as a call over gRPC: `envoy.service.auth.v3.Authorization`, Envoy's ext_authz.

Every answer is a whole one, as over HTTP, a refusal of the caller too: an error of the call would
be to Envoy as if there were no edge, and may let the request pass.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3.external_auth_pb2 import (
    CheckRequest,
    CheckResponse,
    DeniedHttpResponse,
    OkHttpResponse,
)
from envoy.service.auth.v3.external_auth_pb2_grpc import (
    AuthorizationServicer,
    add_AuthorizationServicer_to_server,
)
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.rpc.code_pb2 import OK, PERMISSION_DENIED
from google.rpc.status_pb2 import Status

from edge.admission import Admission, NotAdmittedError
from edge.check.doors import Doors
from edge.check.verdict import Verdict
from schemas.errors import ConfigurationError

# Envoy takes a head of 60 KiB, and tells a long path twice. A call beyond the bound fails, which
# Envoy may let pass: no client must be able to make one.
MOST_BYTES: Final = 256 * 1024
MOST_CALLS: Final = 2_000
HANDSHAKE_MS: Final = 10_000
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
    # Two edges on one port would share its connections, in silence.
    ("grpc.so_reuseport", 0),
)
# What a client of the API is to see, and what the API itself.
_FOR_CLIENTS: Final = (b"content-type", b"retry-after", b"x-sluicegate-requirements")
_QUOTAS: Final = b"ratelimit"
_OURS: Final = b"x-sluicegate-"

Pair = tuple[bytes, bytes]


class Authorization(AuthorizationServicer):  # type: ignore[misc]  # generated, without types
    """Answers Envoy's calls."""

    def __init__(self, doors: Doors, admission: Admission) -> None:
        self._doors = doors
        self._admission = admission

    async def Check(self, request: CheckRequest, context: Any) -> CheckResponse:  # noqa: N802 - the protocol's name
        """As the protocol has it."""
        shown = dict(context.invocation_metadata()).get("authorization", "")
        try:
            self._admission.admit(shown.encode(), checks=True)
        except NotAdmittedError as error:
            return told(error.verdict)
        return told(await self._doors.ask(asked(request)))


def asked(request: CheckRequest) -> Iterable[Pair]:
    """The headers of the request that Envoy asks about.

    With `encode_raw_headers` each as it came; without, one that came twice is one with a comma.
    """
    http = request.attributes.request.http
    if http.header_map.headers:
        return [(h.key.encode(), h.raw_value or h.value.encode()) for h in http.header_map.headers]
    return [(name.encode(), value.encode()) for name, value in http.headers.items()]


def told(verdict: Verdict) -> CheckResponse:
    """A verdict in Envoy's words: which headers go to the API, and which to its client."""
    quotas = [_set(pair) for pair in verdict.headers if pair[0].startswith(_QUOTAS)]
    if verdict.status == 200:
        ours = [_set(pair) for pair in verdict.headers if pair[0].startswith(_OURS)]
        passed = OkHttpResponse(headers=ours, response_headers_to_add=quotas)
        return CheckResponse(status=Status(code=OK), ok_response=passed)
    denied = DeniedHttpResponse(
        status=HttpStatus(code=verdict.status),
        headers=quotas + [_set(pair) for pair in verdict.headers if pair[0] in _FOR_CLIENTS],
        body=verdict.body.decode(),
    )
    return CheckResponse(status=Status(code=PERMISSION_DENIED), denied_response=denied)


def _set(pair: Pair) -> HeaderValueOption:
    """A header in place of any of that name, also where it is empty: a client may have made it
    up."""
    name, value = pair
    return HeaderValueOption(
        header=HeaderValue(key=name.decode(), value=value.decode()),
        append_action=HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
        keep_empty_value=True,
    )


@asynccontextmanager
async def answering(
    doors: Doors, admission: Admission, host: str, port: int, grace_s: float
) -> AsyncIterator[None]:
    """Answers calls while the block lasts; those under way then have `grace_s` to end.

    Raises ConfigurationError when the port is taken.
    """
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MOST_CALLS)
    add_AuthorizationServicer_to_server(Authorization(doors, admission), server)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        server.add_insecure_port(place)
    except RuntimeError as error:
        raise ConfigurationError(f"{place}: {error}") from error
    await server.start()
    try:
        yield
    finally:
        await server.stop(grace_s)
