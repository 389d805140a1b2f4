"""The census in memory counts what a walk over everybody would."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kyc.claims import Claim, Counts
from stream.know.census import MemoryCensus, Noted

HOUR = 3_600_000
# Few accounts, values and times: they meet, tie, and lie on the edges of windows.
NOTED = st.builds(
    Noted,
    st.integers(0, 4),
    st.builds(
        Claim,
        st.sampled_from(["card", "subnet", "document", "signup"]),
        st.integers(0, 1),
        st.integers(0, 30).map(lambda hours: hours * HOUR),
    ),
    st.integers(0, 30).map(lambda hours: hours * HOUR),
)
TOLD = st.tuples(st.booleans(), st.lists(NOTED, max_size=8))


def walked(one: Noted, known: dict[tuple[str, int, int], int]) -> Counts:
    """The counts of a claim, everybody looked at."""
    at, span = one.claim.at, one.claim.span
    ever = [(-1, one.until)] if span.ever else []
    reach = [min(w, max(one.until - at, 0)) if span.since else 0 for w in span.windows]
    spans = [*ever, *((at - w, at + r) for w, r in zip(span.windows, reach, strict=True))]
    others = [
        at
        for (kind, value, account), at in known.items()
        if (kind, value) == one.claim[:2] and account != one.account
    ]
    most = one.claim.span.most
    return tuple(
        min(1 + sum(since < at < before for at in others), most) for since, before in spans
    )


@settings(max_examples=50)
@given(st.lists(TOLD, max_size=6))
async def test_counts_are_those_of_a_walk(told: list[tuple[bool, list[Noted]]]) -> None:
    """Whatever is told, told again earlier or later, and taken back."""
    census, known = MemoryCensus(), dict[tuple[str, int, int], int]()
    for is_taken_back, batch in told:
        if is_taken_back:
            await census.forget(batch)
        for account, claim, _ in batch:
            place = claim.kind, claim.value, account
            if is_taken_back:
                known.pop(place, None)
            else:
                known[place] = min(claim.at, known.get(place, claim.at))
        if not is_taken_back:
            assert await census.count(batch) == [walked(one, known) for one in batch]
