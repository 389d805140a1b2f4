"""Sign-ins: which are unlike all others of an account, in whichever order they are told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.profile import CAPS, NEVER, UNKNOWN, Profile, decode, encode, join
from kyc.signins import LEARNING_MS, settled, strange
from schemas.events import AccountEvent
from tests.unit.test_profile import DAY, NOW, event, profile

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X)"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0"


def login(ts: int, **fields: Any) -> AccountEvent:
    return event("login.succeeded", ts, **fields)


def known(*events: AccountEvent) -> Profile:
    """An account that has long been used at home, on one device."""
    home = {"country": "DE", "device_id": "home", "user_agent": LAPTOP}
    return profile(login(NOW - 90 * DAY, **home), *events)


@pytest.mark.parametrize(
    ("fields", "is_strange"),
    [
        ({"country": "BR", "device_id": "other", "user_agent": PHONE}, True),
        ({"country": "BR", "device_id": "other"}, True),
        ({"country": "BR", "user_agent": PHONE}, True),
        ({"country": "BR", "device_id": "home", "user_agent": PHONE}, False),
        ({"country": "DE", "device_id": "other", "user_agent": PHONE}, False),
        ({"country": "BR", "user_agent": LAPTOP.replace("130", "131")}, False),
        ({"country": "BR"}, False),
        ({"device_id": "other", "user_agent": PHONE}, False),
        ({}, False),
    ],
    ids=("both", "device", "agent", "journey", "phone", "update", "where", "what", "nothing"),
)
def test_only_what_breaks_with_all_habits_is_strange(
    fields: dict[str, str], is_strange: bool
) -> None:
    """A journey, a telephone and an update are not, nor is what says too little."""
    assert strange(known(login(NOW, **fields))) == (NOW if is_strange else NEVER)


def test_the_first_days_only_teach() -> None:
    """Nothing is unusual of an account that has no habits yet."""
    first = login(NOW, country="DE", device_id="a")
    early = login(NOW + LEARNING_MS - 1, country="BR", device_id="b")
    late = login(NOW + LEARNING_MS, country="BR", device_id="b")
    assert strange(profile(first, early)) == NEVER
    assert strange(profile(first, late)) == NOW + LEARNING_MS
    assert strange(profile(late)) == NEVER


def test_the_country_is_looked_up_where_it_is_not_told() -> None:
    """As it is at sign-up, from the address alone; what people declare of themselves is not it."""
    address = {"ip": "192.0.2.1"}  # every address of these tests lies in DE
    signup = event("account.created", NOW - 90 * DAY, country="FR", device_id="a", **address)
    assert strange(profile(signup, login(NOW, device_id="b", **address))) == NEVER
    assert strange(profile(signup, login(NOW, device_id="b", country="FR"))) == NOW


def test_who_failed_to_sign_in_is_nobody() -> None:
    """Neither strange nor learnt."""
    thief = {"country": "BR", "device_id": "other"}
    tried = event("login.failed", NOW, **thief)
    assert strange(known(tried)) == NEVER
    assert strange(known(tried, login(NOW + 1, **thief))) == NOW + 1


def test_the_latest_strange_sign_in_counts() -> None:
    """Of two thieves the second; whoever comes back is no stranger."""
    one, other = ({"country": c, "device_id": c} for c in ("BR", "US"))
    events = [login(NOW, **one), login(NOW + DAY, **other), login(NOW + 2 * DAY, **one)]
    assert strange(known(*events)) == NOW + DAY


@pytest.mark.parametrize("kind", ["email.changed", "api_key.created", "mfa.disabled"])
def test_what_makes_a_stay_is_dated(kind: str) -> None:
    """By the last of them; a verified address and a new factor are none."""
    told = {"email.changed": {"email": "a@x.org"}, "api_key.created": {"api_key_id": "k"}}
    others = [event("email.verified", NOW + 9, email="a@x.org"), event("mfa.enabled", NOW + 9)]
    events = [event(kind, NOW + n, **told.get(kind, {})) for n in (0, 5)]
    assert settled(profile(*others)) == NEVER
    assert settled(profile(*others, *events)) == NOW + 5


def test_a_profile_of_before_is_read() -> None:
    """It knows no sign-ins: the next one teaches."""
    old = decode(encode(Profile(earliest={"seen": (1, 0), "created": (1, 1)})))
    taken = profile(login(NOW, country="BR", device_id="other"))
    assert (strange(old), settled(old), strange(UNKNOWN)) == (NEVER, NEVER, NEVER)
    assert strange(join(old, taken)) == NEVER


_logins = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "country": st.sampled_from(["DE", "BR", "US"]),
            "device_id": st.sampled_from(["a", "b"]),
            "user_agent": st.sampled_from([PHONE, LAPTOP]),
        },
    ),
    max_size=8,
)


def _walked(some: list[tuple[int, dict[str, str]]]) -> int:
    """The same, by walking through the sign-ins in their order with everything in memory."""
    countries: dict[str, int] = {}
    used: dict[str, int] = {}
    found = NEVER
    for ts, fields in some:
        told = [fields[name] for name in ("device_id", "user_agent") if name in fields]
        country = fields.get("country")
        is_new = country and country not in countries
        if countries and used and is_new and told and told[0] not in used:
            learnt = max(min(countries.values()), min(used.values())) + LEARNING_MS
            found = ts if ts >= learnt else found
        if country:
            countries.setdefault(country, ts)
        for text in told:
            used.setdefault(text, ts)
    return found


@given(_logins, st.data())
def test_neither_order_nor_repeats_matter(some: list[dict[str, str]], data: st.DataObject) -> None:
    """It is what somebody would say who saw every sign-in once, in its order."""
    dated = [(NOW + n * 2 * DAY, fields) for n, fields in enumerate(some)]
    events = [login(ts, **fields) for ts, fields in dated]
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    shuffled = data.draw(st.permutations(events + repeated))
    assert strange(profile(*shuffled)) == _walked(dated)


def test_whoever_uses_many_devices_has_no_habits() -> None:
    """What is not kept of them may be known: never is a known one taken for new."""
    many = [login(NOW - 90 * DAY + n, country="DE", device_id=f"{n}") for n in range(30)]
    for n in range(30):
        assert strange(profile(*many, login(NOW, country="BR", device_id=f"{n}"))) == NEVER
    assert len(profile(*many).things["client"]) == CAPS["client"]
