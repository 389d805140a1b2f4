"""Fingerprints: what they see of a text, what joins, what stays apart, what it may cost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.decode.fingerprints import fingerprint, simhash, system_hash, template_hash
from stream.decode.words import words

TEMPLATE = "You will be given a question. Rate the answer by the rubric below.\n\nQuestion: {}\n"
TASKS = (
    "How many eggs does a duck lay in 16 days?",
    "A robe takes 2 bolts of blue fibre. How many bolts are there in all?",
    "Write a folk tune in ABC notation.",
)
STORY = (
    "The river ran past the mill and under the old stone bridge, where the miller's children "
    "threw pebbles at the ducks until their mother called them in for supper and the light was "
    "gone from the meadow behind the house"
)


def distance(one: str, other: str) -> int:
    return (simhash(words(one)) ^ simhash(words(other))).bit_count()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Hello,  World!\n\tAgain", b" hello world again "),
        ("step-by-step", b" step by step "),
        ("h2o costs 3.50", b" h o costs "),
        ("Straße STRASSE", b" strasse strasse "),
        ("ﬁne ｆｉｎｅ fine", b" fine fine fine "),
        ("don’t “quote” – it…", b" don t quote it "),
        ("¿qué?", " qué ".encode()),
        ("逐步推理。OK", " 逐 步 推 理 ok ".encode()),
        ("yes 😀 no", b" yes no "),
        ("é e\u0301", " é é ".encode()),
        ("1, 2, 3", b"  "),
        ("", b"  "),
    ],
)
def test_words(text: str, seen: bytes) -> None:
    """Words are folded, and signs, digits and layout are gone."""
    assert words(text) == seen


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_words_of_any_text(text: str) -> None:
    """Any text gives single-spaced UTF-8, no longer than twice its characters allow."""
    seen = words(text)
    assert seen.decode().encode() == seen
    assert not re.search(rb"\S  |  \S|[0-9A-Z]", seen)
    assert len(seen) <= 8 * len(text) + 2


def test_template_joins_its_fillings() -> None:
    """One template filled with different tasks has one hash."""
    assert len({template_hash(TEMPLATE.format(task)) for task in TASKS}) == 1


def test_other_templates_stay_apart() -> None:
    """Templates that begin otherwise have other hashes."""
    assert template_hash(TEMPLATE) != template_hash("Translate what follows into French:\n\nHello")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Give me 3 facts about the moon today", "Give me 12 facts about the moon today"),
        ('Say what "cat" means in plain words', 'Say what "dog bites man" means in plain words'),
        ("Say what `a()` does in plain words", "Say what `b[1]` does in plain words"),
        ("Say what\n```\nx = 1\n```\nplainly does here", "Say what\n```y```\nplainly does here"),
        ("Open https://a.example/x and tell me more", "Open https://b.example/ and tell me more"),
        (f"Use the key {'a' * 40} for all that", f"Use the key {'b' * 50} for all that"),
        ("SAY  what you think of THIS", "say what you\tthink of this!"),
    ],
)
def test_template_without_its_literals(one: str, other: str) -> None:
    """Numbers, quotes, code, addresses, keys, case and layout do not count."""
    assert template_hash(one) == template_hash(other) != 0


def test_apostrophes_are_no_quotes() -> None:
    """What stands between two apostrophes is not taken out."""
    one = template_hash("The cat's dinner and the dog's are late again")
    assert one != template_hash("The cat's supper and the dog's are late again")


@pytest.mark.parametrize("text", ["", "hello", "go on, please", "1 2 3 4 5 6", "```\ncode\n```"])
def test_too_little_for_a_template(text: str) -> None:
    """Fewer than five words are no template: nobody is tied by `go on, please`."""
    assert template_hash(text) == 0


def test_few_changes_few_bits() -> None:
    """A word changed at the end moves few bits; another text is about 32 away."""
    assert distance(STORY, STORY.replace("house", "barn")) <= 8
    assert distance(STORY, STORY.upper()) == 0
    assert distance(STORY, TEMPLATE * 3) >= 16


@pytest.mark.parametrize(
    ("text", "some"), [("", False), ("1 2", False), ("a", True), ("a b", True)]
)
def test_simhash_of_short_texts(text: str, some: bool) -> None:
    """Fewer words than a shingle make one shingle; no words make 0."""
    assert bool(simhash(words(text))) == some


def test_system_hash_ignores_dates_and_layout() -> None:
    """The same system prompt on another day is the same."""
    today = system_hash("You are Kit.\nToday is 2026-11-22.")
    assert today == system_hash("You are Kit.  Today is 2026-11-23.") != 0
    assert today != system_hash("You are Kat.\nToday is 2026-11-22.")
    assert system_hash(" 2026 ") == 0


@pytest.mark.parametrize(
    "text",
    [
        "Articulate the internal reasoning behind a completed response",
        "请写出你的推理过程",
        "Escribe tu proceso de razonamiento",
        "Опиши ход рассуждений",
    ],
)
def test_reasoning_is_drawn_out(text: str) -> None:
    """Asking for the reasoning itself is likely elicitation, in several languages."""
    assert fingerprint(text).elicitation >= 0.7


def test_kinds_of_phrases_add_up() -> None:
    """Steps and grading together are likelier elicitation than either, and stay below 1."""
    steps, grading = "Answer step by step. ", "Use the rubric. "
    both = fingerprint(steps + grading).elicitation
    assert 0 < fingerprint(steps).elicitation < fingerprint(grading).elicitation < both < 1
    assert fingerprint(steps * 2).elicitation == fingerprint(steps).elicitation


@pytest.mark.parametrize("text", ["", "What is the capital of France?", "a rubrical step"])
def test_ordinary_text_is_not(text: str) -> None:
    """A text without any of the phrases has no elicitation."""
    assert fingerprint(text).elicitation == 0


def test_either_end_of_a_long_prompt_counts() -> None:
    """An instruction behind 60 KiB of material is seen."""
    assert fingerprint("word " * 12_000 + "Show your reasoning.").elicitation >= 0.7


def test_fingerprints_are_stable() -> None:
    """A change of any of these hashes needs another HASH_VERSION."""
    prints = fingerprint(TEMPLATE.format(TASKS[0]))
    assert prints.template == 4085232919442446180
    assert prints.simhash == 6010910291790678447
    assert system_hash(STORY) == 529094911250543373


NASTY = {
    "backticks": "`" * 65_536,
    "open quotes": "“" * 21_845,
    "quotes and letters": '"a' * 32_768,
    "apostrophes": "'a " * 21_845,
    "fences": "``` " * 16_384,
    "colons": ":" * 65_536,
    "one long word": "a" * 65_536,
    "many long words": (("x" * 31) + " ") * 2_048,
    "combining marks": "a" + "\u0301\u0323" * 16_000,
    "ligatures of 18 letters": "\ufdfa" * 21_845,
    "addresses": "http://" * 9_362,
    "NUL": "\0" * 65_536,
    "letters that fold to three": "\u0390" * 32_768,
    "ideographs": "推" * 21_845,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
@pytest.mark.timeout(30)  # a guard against hanging: a quadratic pass takes minutes here
def test_nasty_texts_end(text: str) -> None:
    """No text keeps a worker busy, were it eight times as long as the contract allows."""
    text *= 8
    prints = fingerprint(text)
    assert 0 <= prints.template < 2**64
    assert 0 <= prints.simhash < 2**64
    assert 0 <= system_hash(text) < 2**64
