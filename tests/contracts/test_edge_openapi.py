"""The edge's OpenAPI document, taken at its word: whatever fits or does not fit it, no 5xx."""

from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edge.check.ledger import Spent
from edge.replies import OPEN
from schemas.decisions import Campaign
from tests.unit.edges import LEFT, NOTHING, USED_UP, Edge, FakeLedger, decision, open_edge
from tests.unit.staffed import CAMPAIGN

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
OPERATIONS = (
    ("POST", "/v1/check"),
    ("POST", "/v1/settle"),
    ("GET", "/v1/nginx"),
    ("GET", "/v1/traefik"),
    ("GET", "/v1/envoy/{path}"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/v1/campaigns"),
    ("GET", "/v1/campaigns/{campaign_id}"),
    ("POST", "/v1/campaigns/{campaign_id}/dismiss"),
    ("POST", "/v1/campaigns/{campaign_id}/act"),
    ("POST", "/v1/campaigns/{campaign_id}/confirm"),
    ("POST", "/v1/campaigns/{campaign_id}/undo"),
    ("GET", "/v1/overrides"),
    ("POST", "/v1/overrides"),
    ("POST", "/v1/overrides/lift"),
    ("GET", "/v1/mode"),
    ("POST", "/v1/mode"),
    ("GET", "/v1/governor"),
    ("POST", "/v1/governor"),
    ("POST", "/v1/governor/restore"),
    ("GET", "/v1/appeals"),
    ("GET", "/v1/appeals/one"),
    ("POST", "/v1/appeals"),
    ("POST", "/v1/appeals/answer"),
)
# There is nothing to get wrong in asking for a page without input or credentials.
WAYS = [
    (*operation, mode)
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation[1] not in OPEN
]
ANSWERS = (
    NOTHING,
    LEFT,
    USED_UP,
    Spent(True, decision("block"), ()),
    Spent(True, decision("step_up", requirements=["verify_email"]), ()),
    Spent(True, b"nonsense", ()),
)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """An edge whose store answers everything that a store may answer, in turn."""
    ledger = FakeLedger()
    answers = cycle(ANSWERS)

    async def spend(asks: Any) -> list[Spent]:
        return [next(answers) for _ in asks]

    async def find(_: str) -> Campaign:
        return CAMPAIGN

    ledger.spend = spend
    edge = open_edge(tmp_path_factory.mktemp("edge"), ledger, edge_rate_max=1_000_000)
    edge.staff.board.find = find  # type: ignore[method-assign]
    return edge


@pytest.fixture(scope="module")
def schema(edge: Edge) -> BaseSchema:
    """The document as the edge serves it."""
    headers = {"authorization": f"Bearer {edge.tokens['admin']}"}
    return schemathesis.openapi.from_asgi("/openapi.json", edge.app, headers=headers)


def test_every_operation_is_tried(schema: BaseSchema) -> None:
    """None is in the document that is not in the list."""
    found = {(o.ok().method.upper(), o.ok().path) for o in schema.get_all_operations()}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path", "mode"), WAYS)
def test_nothing_breaks_it(
    schema: BaseSchema, edge: Edge, method: str, path: str, mode: GenerationMode
) -> None:
    """With and without an account, with what fits the schema and with what does not."""
    operation = schema[path][method]

    @settings(
        max_examples=25,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.text("abc", max_size=2))
    def ask(case: Case, account: str) -> None:
        headers = {"authorization": f"Bearer {edge.tokens['admin']}", "x-account-id": account}
        case.call_and_validate(headers=headers, checks=list(CHECKS))

    ask()
