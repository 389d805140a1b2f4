"""The peer of the edge: the same server and framework with an endpoint that does nothing."""

from fastapi import FastAPI, Response

app = FastAPI(openapi_url=None)


@app.post("/v1/check")
async def check() -> Response:
    """Nothing: what is left is the price of HTTP and of the framework."""
    return Response(b"", media_type="application/json")
