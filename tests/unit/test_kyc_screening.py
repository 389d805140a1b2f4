"""Screening: which names are taken for listed ones, which are not, and what is said about it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.lists.entries import Entry
from kyc.screening.likeness import compare
from kyc.screening.reach import Reach, keys
from kyc.screening.screener import Candidate, Screener, Subject
from kyc.screening.spelling import sound, spell

DOE = Entry(
    key="un:1",
    names=("Muhammad Hussein Al-Tamimi", "Abdulrahman Karimov"),
    weak=("Abu Lightning",),
    person=True,
    birth_dates=("1971-03-02", "1973"),
    countries=("IQ",),
)
COMPANY = Entry(key="ofac:7", names=("GREEN RIVER SHIPPING CO., LTD.",), person=False)
# Enough others that rarity means something.
OTHERS = [
    Entry(key=f"un:{number}", names=(f"{first} {last}",))
    for number, (first, last) in enumerate(
        [
            *[("Maria", "Lopez"), ("Viktor", "Petrov"), ("Kim", "Yong Chol"), ("Grace", "Okafor")],
            *[("Ahmed", "Saleh"), ("Jean", "Baptiste"), ("Carlos", "Mendoza"), ("Ali", "Hassan")],
        ],
        start=100,
    )
]
SCREENER = Screener([DOE, COMPANY, *OTHERS])


def screened(
    name: str, birth_date: str | None = None, country: str | None = None
) -> list[Candidate]:
    """The candidates of one name."""
    return SCREENER.screen([Subject(name, birth_date, country)])[0]


def found(name: str, birth_date: str | None = None, country: str | None = None) -> list[str]:
    """The keys of the candidates of one name."""
    return [candidate.key for candidate in screened(name, birth_date, country)]


@pytest.mark.parametrize(
    "name",
    [
        "Muhammad Hussein Al-Tamimi",
        "AL TAMIMI, muhammad hussein",
        "Mohamed Husayn Tamimi",
        "Muhammad Hussien al Tamimi",
        "محمد حسين التميمي",
        "Мухаммад Хусейн ат-Тамими",
        "Abdul Rahman Karimov",
        "Абдулрахман Каримов",
        "Karimov Abdulrahmna",
    ],
)
def test_one_name_has_many_spellings(name: str) -> None:
    """Order, case, script, transliteration, joined words, a slip of the keys."""
    assert found(name) == ["un:1"]


@pytest.mark.parametrize(
    "name",
    ["Green River Shipping", "Green River Shipping Limited", "GREEN RIVER SHIPING CO"],
)
def test_a_company_is_known_without_its_form(name: str) -> None:
    """Ltd, GmbH and the like tell nobody apart."""
    assert found(name) == ["ofac:7"]


@pytest.mark.parametrize(
    "name",
    [
        "Hussein Karim",
        "Muhammad Ali",
        "Maria Lozano",
        "Green Valley Shipping Ltd",
        "River Trading Ltd",
        "Tamimi",
        "M. Petrov",
        "Kim",
        "",
        "!?",
        "\u200b",
    ],
)
def test_a_namesake_is_somebody_else(name: str) -> None:
    """A word in common, a first name, an initial, or nothing at all is too little."""
    assert found(name) == []


def test_a_weak_name_counts_only_when_it_is_the_same() -> None:
    """The list itself says that it is of low quality."""
    assert found("Abu Lightning") == ["un:1"]
    assert found("Abu Lightninh") == []


def test_evidence_turns_what_is_doubtful() -> None:
    """A birth date that fits makes a candidate of a part of a name; one far off unmakes it."""
    part, slip = "Hussein Tamimi", "Mohamed Husain Tamimy"
    assert found(part) == []
    assert found(part, birth_date="1971-03-02", country="IQ") == ["un:1"]
    assert found(slip) == ["un:1"]
    assert found(slip, birth_date="1999-01-01") == []


def test_a_birth_date_never_clears_the_very_same_name() -> None:
    """Whoever signs up can write any date."""
    assert found("Muhammad Hussein Al-Tamimi", birth_date="1999-01-01") == ["un:1"]


def test_another_country_clears_nobody() -> None:
    """People move."""
    name = "Mohamed Husain Tamimy"
    assert screened(name, country="FR")[0].score == screened(name)[0].score


def test_a_candidate_says_why() -> None:
    """Each word, and each piece of evidence, in words."""
    reasons = screened("Muhammad Husayn Tamimi", "1973-05-05", "FR")[0].reasons
    assert "muhammad: the same word" in reasons
    assert "husayn: like hussein (0.94)" in reasons
    assert "birth date 1973-05-05 fits 1973" in reasons
    assert "country FR is not among IQ: no weight, people move" in reasons


def test_subjects_are_screened_each_for_itself() -> None:
    """A batch gives what its members give alone, in their order."""
    names = ["Karimov Abdulrahman", "nobody at all", "", "Green River Shipping", "Viktor Petrov"]
    together = SCREENER.screen([Subject(name) for name in names])
    assert together == [screened(name) for name in names]
    assert [bool(candidates) for candidates in together] == [True, False, False, True, True]


def test_nothing_listed_gives_no_candidates() -> None:
    """Before a list was imported."""
    assert Screener([]).screen([Subject("Maria Lopez")]) == [[]]
    assert SCREENER.screen([]) == []


@given(st.text(max_size=60))
def test_any_name_can_be_screened(name: str) -> None:
    """Whatever people type."""
    assert len(screened(name)) <= 10


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_a_symmetric_share(one: str, other: str) -> None:
    """From 0 to 1, and 1 for what is spelt the same."""
    given_name, listed = spell(one), spell(other)
    score = compare(given_name, listed).score
    assert 0.0 <= score <= 1.0
    assert score == pytest.approx(compare(listed, given_name).score)
    assert compare(given_name, given_name).score == pytest.approx(float(bool(given_name.words)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hussein", "husayn"),
        ("mohammed", "mohamed"),
        ("qassem", "kasem"),
        ("tschaikowski", "chaykovskiy"),
    ],
)
def test_transliterations_sound_alike(one: str, other: str) -> None:
    """Letters that romanisations exchange are one."""
    assert sound(one) == sound(other)


def test_words_within_one_edit_reach_each_other() -> None:
    """The index loses none: every drop, swap, doubling and replacement shares a form."""
    rng = random.Random(5)  # noqa: S311  # no secret
    for _ in range(300):
        word = "".join(rng.choices("abcdefghij", k=rng.randint(3, 9)))
        i = rng.randrange(len(word) - 1)
        swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for edited in (swapped, word[:i] + word[i + 1 :], word[:i] + "x" + word[i + 1 :]):
            assert keys(word, word) & keys(edited, edited)


def test_reach_gives_every_pair_once() -> None:
    """Sorted by the given word."""
    reach = Reach([(word, word) for word in ("karim", "karin", "petrov")])
    given_words, listed = reach.near([(word, word) for word in ("petrow", "karim", "zzzz")])
    assert list(zip(given_words.tolist(), listed.tolist(), strict=True)) == [(0, 2), (1, 0), (1, 1)]
