"""The check's load over gRPC, as Envoy's ext_authz would call it."""

import asyncio
import time
from typing import Final

import grpc
from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from envoy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub

from bench.asks import name

SIDE_BY_SIDE: Final = 64
LIMIT_S: Final = 30.0


def _request(number: int) -> CheckRequest:
    told = {"x-account-id": name(number), "x-request-tokens": "100", "x-account-tier": "1"}
    request = CheckRequest()
    for header, value in told.items():
        made = HeaderValue(key=header, raw_value=value.encode())
        request.attributes.request.http.header_map.headers.append(made)
    return request


async def calls_at_once(port: int, token: str, number: int) -> float:
    """Make so many calls, SIDE_BY_SIDE at a time; the seconds that it took."""
    shown = (("authorization", f"Bearer {token}"),)
    asked = [_request(n) for n in range(number)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = AuthorizationStub(channel).Check

        async def several(first: int) -> None:
            for request in asked[first::SIDE_BY_SIDE]:
                await check(request, metadata=shown, timeout=LIMIT_S)

        began = time.perf_counter()
        await asyncio.gather(*(several(first) for first in range(SIDE_BY_SIDE)))
        return time.perf_counter() - began
