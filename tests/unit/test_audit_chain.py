"""The chain: every change to it is found, and what is erased stays chained and is unreadable."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.audit.chain import Chain
from edge.audit.files import ChainFiles, read_heads, segments
from edge.audit.keyring import UnreadableError, seal, unseal
from edge.audit.reading import readable
from edge.audit.record import GENESIS, Head, Record, decode, encode, linked
from edge.audit.sources import LARGEST, Entry, read
from edge.audit.verify import Findings, verify
from schemas.controls import Appeal, CampaignOrder, Control, Proposal, encode_control
from schemas.decisions import Action
from schemas.errors import ConfigurationError, MalformedEventError
from stream.cli import cli
from tests.unit.ordered import pin

LENGTH = 12


class Keys:
    """A keyring in this process."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def keys(self, accounts: Iterable[str]) -> dict[str, bytes]:
        for account in accounts:
            self.held.setdefault(account, secrets.token_bytes(32))
        return {account: self.held[account] for account in accounts}

    async def find(self, account: str) -> bytes | None:
        return self.held.get(account)

    async def destroy(self, account: str) -> None:
        self.held.pop(account, None)


def entry(number: int, account: str = "a", bundle: str = "m p") -> tuple[str, int, Entry]:
    """A decision at an offset."""
    content = json.dumps({"decision": number, "account": account}).encode()
    return "decisions", number + 1, Entry("decision", number, account, content, {}, bundle)


def erased(number: int, account: str = "a") -> tuple[str, int, Entry]:
    """The end of an account at an offset."""
    return "decisions", number + 1, Entry("erasure", number, account)


def records() -> list[Record]:
    """A chain that holds."""
    made: list[Record] = []
    for number in range(1, LENGTH + 1):
        previous = made[-1].hash if made else GENESIS
        read = {"decisions": number}
        bare = Record(0, number, number, "decision", read, "m p", {}, "s", "c", previous)
        made.append(linked(bare))
    return made


def found(folder: Path, lines: Iterable[bytes], published: Head | None = None) -> Findings:
    """What is wrong with a chain of these lines."""
    path = folder / "00000-000000000001.ndjson"
    path.write_bytes(b"".join(lines))
    return verify(folder, {0: published} if published else {})


def lines(made: Iterable[Record]) -> list[bytes]:
    """As they lie in a file."""
    return [encode(record) + b"\n" for record in made]


def test_a_chain_that_holds_is_found_whole(tmp_path: Path) -> None:
    """With its head."""
    made = records()
    findings = found(tmp_path, lines(made))
    assert findings.wrong == []
    assert findings.heads == {0: Head(0, LENGTH, made[-1].hash)}


@settings(max_examples=200)
@given(data=st.data())
def test_every_changed_byte_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whichever it is, and whatever it becomes."""
    whole = b"".join(lines(records()))
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]))
    changed = whole[:at] + bytes([byte]) + whole[at + 1 :]
    assert found(tmp_path_factory.mktemp("chain"), [changed]).wrong


@given(order=st.permutations(range(LENGTH)).filter(lambda order: order != sorted(order)))
def test_every_other_order_is_found(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    """However the records were moved."""
    written = lines(records())
    assert found(tmp_path_factory.mktemp("chain"), [written[i] for i in order]).wrong


@given(gone=st.sets(st.integers(0, LENGTH - 1), min_size=1))
def test_every_missing_record_is_found(
    tmp_path_factory: pytest.TempPathFactory, gone: set[int]
) -> None:
    """At the end only against a published head."""
    made = records()
    left = [line for number, line in enumerate(lines(made)) if number not in gone]
    assert found(tmp_path_factory.mktemp("chain"), left, Head(0, LENGTH, made[-1].hash)).wrong


def test_a_gap_is_told_by_its_numbers(tmp_path: Path) -> None:
    """Who looks for the records knows which."""
    written = lines(records())
    assert found(tmp_path, written[:3] + written[6:]).wrong == [
        "chain 0: records 4 to 6 are missing"
    ]


def test_a_rewritten_end_is_found_against_the_published_head(tmp_path: Path) -> None:
    """Hashes can be worked out anew by whoever changes a record; the published one cannot."""
    made = records()
    forged = linked(Record(0, LENGTH, 0, "decision", {}, "", {}, "", "", made[-2].hash))
    rewritten = lines([*made[:-1], forged])
    assert found(tmp_path, rewritten).wrong == []
    assert found(tmp_path, rewritten, Head(0, LENGTH, made[-1].hash)).wrong == [
        "chain 0: record 12 is not the published one"
    ]


def test_a_chain_that_is_gone_is_found(tmp_path: Path) -> None:
    """All of its files."""
    assert verify(tmp_path, {3: Head(3, 5, "x")}).wrong == ["chain 3: all of it is missing"]


def test_one_file_is_checked_from_its_first_record(tmp_path: Path) -> None:
    """A stretch of a chain, as it was handed over."""
    path = tmp_path / "stretch"
    path.write_bytes(b"".join(lines(records()[4:9])))
    assert verify(path, {}) == Findings({0: Head(0, 9, records()[8].hash)}, [])


def test_a_torn_line_is_cut_off_before_the_next(tmp_path: Path) -> None:
    """A crash while the file was written leaves half a record."""
    written = lines(records())
    found(tmp_path, [*written[:2], written[2][:20]])
    last = ChainFiles(tmp_path, 0).last()
    assert last == records()[1]
    ChainFiles(tmp_path, 0).append(records()[2:])
    assert verify(tmp_path, {}).wrong == []


async def test_a_chain_goes_on_where_it_ended(tmp_path: Path) -> None:
    """From its files alone: head, offsets and bundle."""
    keys, chain = Keys(), Chain(tmp_path, 0)
    chain.keep(await chain.compose([entry(0), entry(1)], keys))
    again = Chain(tmp_path, 0)
    assert (again.head, again.read) == (chain.head, {"decisions": 2})
    again.keep(await again.compose([entry(2)], keys))
    assert verify(tmp_path, {}).heads[0].sequence == 4  # a bundle and three decisions
    assert verify(tmp_path, {}).wrong == []


async def test_another_model_or_policy_is_a_record(tmp_path: Path) -> None:
    """Before the first decision that was made with it."""
    chain = Chain(tmp_path, 0)
    made = await chain.compose([entry(0), entry(1), entry(2, bundle="m2 p")], Keys())
    assert [r.kind for r in made] == ["bundle", "decision", "decision", "bundle", "decision"]
    assert [r.read["decisions"] for r in made if r.kind == "decision"] == [1, 2, 3]
    assert [r.facts for r in made if r.kind == "bundle"] == [{"bundle": "m p"}, {"bundle": "m2 p"}]


async def test_a_bundle_that_a_crash_cut_off_from_its_decision_comes_once(tmp_path: Path) -> None:
    """The decision is read again, and finds its bundle recorded."""
    chain, keys = Chain(tmp_path, 0), Keys()
    chain.keep((await chain.compose([entry(0)], keys))[:1])
    assert chain.read == {}
    assert [r.kind for r in await chain.compose([entry(0)], keys)] == ["decision"]


async def test_strays_do_not_belong_to_the_chain(tmp_path: Path) -> None:
    """What an overtaken writer has sent, and what the broker holds twice."""
    chain, other = Chain(tmp_path / "ours", 0), Chain(tmp_path / "others", 0)
    ours = await chain.compose([entry(0), entry(1)], Keys())
    stray = await other.compose([entry(0), entry(1, account="b")], Keys())
    chain.follow([ours[0], ours[0], ours[1], stray[1], stray[2], ours[2]])
    assert chain.head.sequence == 3
    assert verify(tmp_path / "ours", {}).wrong == []


async def test_an_erased_account_stays_chained_and_is_unreadable(tmp_path: Path) -> None:
    """The records stay as they were; without the key nothing opens them."""
    chain, keys = Chain(tmp_path, 0), Keys()
    chain.keep(await chain.compose([entry(0), entry(1, account="b")], keys))
    assert list(readable(tmp_path, "a", keys.held["a"])) == ['{"decision": 0, "account": "a"}']
    chain.keep(await chain.compose([erased(2), entry(3)], keys))
    assert list(readable(tmp_path, "a", keys.held["a"])) == ['{"decision": 3, "account": "a"}']
    assert verify(tmp_path, {}).wrong == []


async def test_an_account_is_read_oldest_first(tmp_path: Path) -> None:
    """Orders lie in the first chain, decisions in the account's own."""
    keys = Keys()
    for number, times in ((0, (2, 5)), (1, (1, 3, 4))):
        chain = Chain(tmp_path, number)
        chain.keep(await chain.compose([entry(at) for at in times], keys))
    told = [json.loads(line)["decision"] for line in readable(tmp_path, "a", keys.held["a"])]
    assert told == [1, 2, 3, 4, 5]


async def test_the_key_is_gone_before_the_erasure_is_recorded(tmp_path: Path) -> None:
    """A crash between the two repeats the erasure instead of forgetting it."""
    chain, keys = Chain(tmp_path, 0), Keys()
    chain.keep(await chain.compose([entry(0)], keys))
    made = await chain.compose([erased(1)], keys)
    assert "a" not in keys.held
    assert made[0].subject != ""
    again = await chain.compose([erased(1)], keys)
    assert (again[0].kind, again[0].subject) == ("erasure", "")


def test_a_record_names_nobody() -> None:
    """No account id is in a line of the chain."""
    sealed = seal(b"k" * 32, b'{"account_id": "alice"}', b"0/1")
    assert "alice" not in sealed
    assert unseal(b"k" * 32, sealed, b"0/1") == b'{"account_id": "alice"}'


@pytest.mark.parametrize(("key", "place"), [(b"x" * 32, b"0/1"), (b"k" * 32, b"0/2")])
def test_a_sealed_message_opens_only_in_its_place(key: bytes, place: bytes) -> None:
    """With its own key, in its own record."""
    with pytest.raises(UnreadableError):
        unseal(key, seal(b"k" * 32, b"message", b"0/1"), place)


def message(value: bytes | None, key: bytes = b"a") -> ConsumerRecord[bytes, bytes]:
    """A record of a topic."""
    return ConsumerRecord("t", 0, 5, 1_000, 0, key, value, None, len(key), 0, ())


@pytest.mark.parametrize(
    ("source", "value", "kind"),
    [
        ("decisions", None, "erasure"),
        ("accounts", b'{"account_id":"a","ts":1,"type":"account.erased"}', "erasure"),
        ("labels", b'{"account_id":"a","ts":1,"label":"abuse"}', "label"),
        ("controls", encode_control(pin()), "control"),
        ("controls", None, None),
        ("accounts", b'{"account_id":"a","ts":1,"type":"login.failed"}', None),
        ("accounts", b'{"account_id":"a","ts":1,"type":"x","n":"account.erased"}', None),
    ],
)
def test_what_is_recorded_of_each_topic(source: str, value: bytes | None, kind: str | None) -> None:
    """Tombstones, erasures and labels; of account events nothing else."""
    made = read(source, message(value))
    assert (made.kind if made else None) == kind


CONTROLS: dict[str, Control] = {
    "override": pin(),
    "appeal": Appeal(
        author="kim", reason="seen", ts=1, account_id="ada", decision_id="d1", state="upheld"
    ),
}
DISMISSED = CampaignOrder(author="kim", reason="a partner", ts=1, campaign_id="c-1", what="dismiss")
PROPOSED = Proposal(
    author="kim", reason="a ring", ts=1, campaign_id="c-1", action=Action.BLOCK, lasts=1
)


@pytest.mark.parametrize("name", CONTROLS)
def test_an_order_about_an_account_is_sealed(name: str) -> None:
    """Its facts name nobody but the author."""
    made = read("controls", message(encode_control(CONTROLS[name])))
    assert made == Entry(
        "control",
        CONTROLS[name].ts,
        "ada",
        encode_control(CONTROLS[name]),
        {"control": name, "author": "kim"},
    )


async def test_an_order_about_nobody_is_readable(tmp_path: Path) -> None:
    """It needs no key: all of it is in the facts, and the chain holds."""
    orders = [read("controls", message(encode_control(one))) for one in (DISMISSED, PROPOSED)]
    chain, keys = Chain(tmp_path, 0), Keys()
    numbered = [("controls", at, one) for at, one in enumerate(orders, 1) if one]
    chain.keep(await chain.compose([*numbered, entry(1)], keys))
    first, second = (decode(line.rstrip(b"\n")) for line in _lines(tmp_path)[:2])
    assert (first.subject, first.sealed) == (second.subject, second.sealed) == ("", "")
    told = {"author": "kim", "reason": "a partner", "campaign_id": "c-1", "what": "dismiss"}
    assert first.facts == told | {"control": "campaign:c-1"}
    assert (second.facts["control"], second.facts["action"]) == ("proposal:c-1", "block")
    assert verify(tmp_path, {}).wrong == []
    assert set(keys.held) == {"a"}


def _lines(folder: Path) -> list[bytes]:
    return (folder / "00000-000000000001.ndjson").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("source", ["decisions", "labels"])
def test_what_cannot_be_read_is_told(source: str) -> None:
    """With its topic."""
    with pytest.raises(MalformedEventError, match=source):
        read(source, message(b"{}"))


@pytest.mark.parametrize("source", ["accounts", "decisions", "labels"])
def test_what_is_nested_too_deeply_is_refused(source: str) -> None:
    """A thousand brackets in a field that nobody asks for do not end the chain."""
    nested = b'{"account.erased": ' + b"[" * 9_000 + b"]" * 9_000 + b"}"
    with pytest.raises(MalformedEventError):
        read(source, message(nested))


@pytest.mark.parametrize("source", ["accounts", "controls", "decisions", "labels"])
def test_what_no_record_can_hold_is_refused(source: str) -> None:
    """The topic would not take it: the writer would end with it, and with every restart."""
    large = b'{"account_id":"a","ts":1,"label":"abuse","note":"%b"}' % (b"x" * LARGEST)
    with pytest.raises(MalformedEventError, match="more than 262,144"):
        read(source, message(large))


def test_files_are_cut_into_lengths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain goes on over its files."""
    monkeypatch.setattr("edge.audit.files.LENGTH", 5)
    ChainFiles(tmp_path, 0).append(records())
    assert [path.name for path in segments(tmp_path)[0]] == [
        "00000-000000000001.ndjson",
        "00000-000000000006.ndjson",
        "00000-000000000011.ndjson",
    ]
    assert verify(tmp_path, {}).wrong == []
    assert ChainFiles(tmp_path, 0).last() == records()[-1]


def command(*arguments: str | Path) -> Result:
    """Run `sluicegate audit …`."""
    return CliRunner().invoke(cli, ["audit", *map(str, arguments)])


def test_the_command_verifies_against_heads_that_it_wrote(tmp_path: Path) -> None:
    """Exit code 0 for what holds, 1 with the place for what does not."""
    chains, heads = tmp_path / "chains", tmp_path / "heads"
    chains.mkdir()
    ChainFiles(chains, 0).append(records())
    heads.write_text(command("head", chains).stdout)
    assert command("verify", chains, "--heads", heads).exit_code == 0
    found(chains, lines(records()[:7]))
    cut = command("verify", chains, "--heads", heads)
    assert cut.exit_code == 1
    assert "chain 0: cut off: it ends at record 7, record 12 was published" in cut.stdout


@pytest.mark.parametrize("text", ["no head\n", '{"a":' * 50_000])
def test_heads_that_are_none_are_told(tmp_path: Path, text: str) -> None:
    """With the file's name."""
    path = tmp_path / "heads"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=str(path)):
        read_heads(path)


def test_a_folder_without_a_chain_does_not_hold(tmp_path: Path) -> None:
    """A mistyped path must not pass for a chain that nobody has touched."""
    assert verify(tmp_path, {}).wrong == [f"there is no chain in {tmp_path}"]
    (tmp_path / "empty").touch()
    assert verify(tmp_path / "empty", {}).wrong == [f"there is no chain in {tmp_path / 'empty'}"]
    assert command("head", tmp_path / "nowhere").exit_code == 2


def test_no_head_is_told_of_a_chain_that_is_broken(tmp_path: Path) -> None:
    """Once published it would vouch for what somebody changed."""
    found(tmp_path, lines(records()[:3] + records()[4:]))
    told = command("head", tmp_path)
    assert isinstance(told.exception, ConfigurationError)
    assert told.stdout == ""
