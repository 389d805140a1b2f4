"""Who asks, for the routes behind the front: it found out, they say what they need."""

from collections.abc import Callable
from typing import Final

from fastapi import HTTPException, Request

from edge.tokens import Grant, Scope

GRANT: Final = "sluicegate.grant"  # key of the ASGI scope


def needs(scope: Scope) -> Callable[[Request], Grant]:
    """A dependency: the grant of who asks; 403 where it does not allow `scope`."""

    def granted(request: Request) -> Grant:
        grant: Grant = request.scope[GRANT]
        if not grant.may(scope):
            raise HTTPException(403, f"This needs a token with the scope {scope}.")
        return grant

    return granted
