"""What people and other programs read: pages, plots, figures and indicators."""

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import LinkKind
from stream.report.indicators import bundle
from stream.report.overview import overview
from stream.report.page import page
from stream.report.plots import Axis, bars, ceiling, steps
from stream.report.wording import ACTIONS, CAVEATS, KINDS
from tests.unit.gates import NOW
from tests.unit.reports import HOUR, STORY, campaign, decision, inquire, made, request

VOID = {"meta", "link", "br", "img"}
# STIX 2.1: 3.2 (common), 4.2 (campaign), 4.5 (identity), 4.7 (indicator), 5.1 (relationship),
# 7.2.1 (marking-definition), 7.3 (extension-definition).
REQUIRED = {
    "marking-definition": {"type", "spec_version", "id", "created", "definition_type"},
    "identity": {"name"},
    "campaign": {"name"},
    "indicator": {"pattern", "pattern_type", "valid_from"},
    "relationship": {"relationship_type", "source_ref", "target_ref"},
    "extension-definition": {"created_by_ref", "name", "schema", "version", "extension_types"},
}
COMMON = {"type", "spec_version", "id", "created", "modified"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Outline(HTMLParser):
    """Refuses tags that do not match, and keeps what a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


async def story_page(**messages: Any) -> str:
    return page((await inquire(STORY | messages)).figures()[0], "the end")


async def test_a_page_needs_nothing_but_itself() -> None:
    """No script, no address that a browser would fetch."""
    found = outline(await story_page())
    assert not found.tags & {"script", "img", "link", "iframe", "object"}
    assert not [v for k, v in found.attributes if k in {"src", "href"}]
    assert "url(" not in await story_page()


async def test_a_page_says_alleged() -> None:
    """In its title and its first sentence, and every caveat is there."""
    html = await story_page()
    assert "<title>Alleged campaign c-1</title>" in html
    assert "it is alleged, act together" in html
    text = html.replace("&#x27;", "'")
    assert all(caveat in text for caveat in CAVEATS)


async def test_a_page_says_that_shadow_was_not_carried_out() -> None:
    """Who reads `blocked` must know that nobody was."""
    html = await story_page(decisions=[decision("ada", NOW, mode="shadow")])
    assert "1 of them in mode shadow: not to be carried out" in html


async def test_no_text_of_an_event_becomes_markup() -> None:
    """Names of models, capabilities, campaigns and values."""
    evil = "<script>\"'&"
    html = await story_page(
        campaigns=[
            campaign(NOW, "ada", name=evil, links=[{"kind": "card", "value": evil, "accounts": 1}])
        ],
        decisions=[],
        requests=[request("ada", NOW, model=evil, capability=evil)],
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4
    outline(html)


async def test_a_campaign_without_members_has_a_page() -> None:
    """All were released, or are linked to another one."""
    html = await story_page(campaigns=[campaign(NOW)], decisions=[], requests=[])
    assert "No account is linked to it any more." in html
    outline(html)


async def test_the_overview_leads_to_every_page() -> None:
    """Under its file's name."""
    found = (await inquire(STORY)).figures()
    parser = outline(overview(found, {"c-1": "file"}, ["a note"], "the end"))
    assert ("href", "file.html") in parser.attributes


async def test_an_overview_of_nothing_says_so() -> None:
    """No campaign was found."""
    assert "found 0 groups" in overview([], {}, [], "the end")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=96))
def test_plots_are_sound_and_stay_inside(counts: list[int]) -> None:
    """Well-formed, and no shape leaves the frame."""
    axis = Axis(NOW, HOUR, len(counts), NOW + HOUR // 2)
    drawn = bars(axis, "a & b", [{"allow": n, "block": n // 2} for n in counts], ACTIONS)
    tree = ET.fromstring(drawn)  # noqa: S314 - made above
    for rect in tree.iter("rect"):
        x, y, w, h = (float(rect.attrib[k]) for k in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= 881
        assert y + h <= 261
    assert ET.fromstring(steps(axis, "joined", sorted(counts))).attrib["role"] == "img"  # noqa: S314


@given(st.integers(0, 10**12))
def test_an_axis_ends_on_a_round_number(highest: int) -> None:
    """At or above the highest, in whole quarters, and not far above."""
    top = ceiling(highest)
    assert highest <= top <= max(4, 2 * highest)
    assert top % 4 == 0


def test_every_kind_and_action_has_words() -> None:
    """Those of the contract."""
    assert set(KINDS) == set(LinkKind.__args__)
    assert list(ACTIONS) == ["allow", "restrict", "rate_limit", "step_up", "block"]


async def stix() -> dict[str, Any]:
    return bundle((await inquire(STORY)).figures()[0], "Example AI")


async def test_indicators_have_what_stix_requires() -> None:
    """Of every object, with identifiers and times of the right form."""
    found = await stix()
    assert found.keys() == {"type", "id", "objects"}
    for each in found["objects"]:
        kind = each["type"]
        assert each["spec_version"] == "2.1"
        assert re.fullmatch(rf"{kind}--[0-9a-f-]{{36}}", each["id"])
        common = set() if kind == "marking-definition" else COMMON
        assert common | REQUIRED[kind] <= each.keys()
        stamps = {"created", "modified", "valid_from", "first_seen", "last_seen"} & each.keys()
        assert all(STAMP.fullmatch(each[name]) for name in stamps)
        assert each.get("modified", each["created"]) >= each["created"]
        assert 0 <= each.get("confidence", 0) <= 100


async def test_every_reference_leads_to_an_object_of_the_bundle() -> None:
    """And no identifier is there twice."""
    objects = (await stix())["objects"]
    ids = [each["id"] for each in objects]
    assert len(ids) == len(set(ids))
    for each in objects:
        told = [v for k, v in each.items() if k.endswith("_ref")]
        told += [*each.get("object_marking_refs", []), *each.get("extensions", {})]
        assert set(told) <= set(ids)


async def test_a_shared_value_is_an_indicator_of_the_campaign() -> None:
    """Keyed or in clear, as it says; a signature of behaviour is none."""
    objects = (await stix())["objects"]
    found = {each["pattern"]: each for each in objects if each["type"] == "indicator"}
    assert found.keys() == {"card = '00ff00ff00ff00ff'", "asn = '64500'"}
    (told,) = found["card = '00ff00ff00ff00ff'"]["extensions"].values()
    assert (told["hash"], told["accounts"]) == ("BLAKE2b-64 keyed", 3)
    related = [each for each in objects if each["type"] == "relationship"]
    assert {r["source_ref"] for r in related} == {each["id"] for each in found.values()}


async def test_indicators_name_no_account_and_no_country() -> None:
    """They go to others."""
    text = json.dumps(await stix())
    assert all(word not in text for word in ('"ada"', '"bob"', '"US"'))


async def test_the_same_campaign_has_the_same_identifiers() -> None:
    """So that what is shared again replaces what was shared."""
    assert await stix() == await stix()


async def test_the_figures_are_there_for_programs(tmp_path: Path) -> None:
    """With the accounts in the order in which they joined, and with the caveats."""
    await made(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "c-1.json").read_bytes())
    assert told["figures"]["exchanges"] == 3
    assert [a["account_id"] for a in told["accounts"]] == ["ada", "bob"]
    assert told["accounts"][0]["exchanges"] == 2
    assert told["caveats"] == list(CAVEATS)
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())
    assert index["files"] == {"c-1": "c-1"}


@pytest.mark.parametrize("name", ["c-1.html", "index.html"])
async def test_a_page_is_written_for_people(tmp_path: Path, name: str) -> None:
    """Who made it and when."""
    await made(tmp_path / "out")
    assert "Made by sluicegate for Example AI, 28 May 2026" in (tmp_path / "out" / name).read_text()
