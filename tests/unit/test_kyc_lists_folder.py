"""The folder of lists: imports are whole or not at all, and what is in it is told."""

import gzip
from contextlib import suppress
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kyc.lists.database import Database
from kyc.lists.folder import Folder
from kyc.lists.imports import changed, import_list
from kyc.lists.kinds import Kind
from kyc.lists.lookups import Lists
from kyc.lists.manifest import age_limits
from kyc.lists.roll import Roll
from schemas.errors import ListError
from stream.decode.geography import open_geography
from stream.settings import load_settings
from tests.unit.mmdb import database

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = date(2026, 11, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder that does not exist yet."""
    return Folder(tmp_path / "lists")


def written(folder: Folder, name: str, content: str | bytes) -> Path:
    """A file beside the folder, as somebody downloaded it."""
    path = folder.path.parent / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_an_import_is_what_is_looked_up(folder: Folder) -> None:
    """Several files of one kind are one list, compressed or not."""
    one = written(folder, "a.txt", "192.0.2.0/24\n")
    two = written(folder, "b.csv.gz", gzip.compress(b"provider,cidr\nx,2001:db8::/32\n"))
    manifest = import_list(folder, Kind.VPN_NETWORKS, [one, two], NOW, DAY)
    lists = Lists.load(folder.path)
    assert lists.network(Kind.VPN_NETWORKS, "192.0.2.9") is True
    assert lists.network(Kind.VPN_NETWORKS, "2001:db8::9") is True
    assert lists.network(Kind.VPN_NETWORKS, "203.0.113.1") is False
    assert lists.network(Kind.TOR_NETWORKS, "192.0.2.9") is None
    assert (manifest.count, manifest.malformed, manifest.dated) == (2, 0, DAY)
    assert folder.manifests() == {Kind.VPN_NETWORKS: manifest}


def test_another_import_gives_another_version(folder: Folder) -> None:
    """And the same data the same one, whenever it was imported."""
    versions = [Lists.load(folder.path).version]
    for domain in ("a.example", "b.example", "a.example"):
        path = written(folder, "domains", f"{domain}\n")
        import_list(folder, Kind.FREE_DOMAINS, [path], NOW)
        versions.append(Lists.load(folder.path).version)
    assert len(set(versions)) == 3
    assert versions[1] == versions[3]
    assert len(list(folder.path.glob("*.data"))) == 1


@pytest.mark.parametrize(
    ("kind", "content", "complaint"),
    [
        (Kind.FREE_DOMAINS, "", "not a list of free_domains: nothing in it"),
        (Kind.FREE_DOMAINS, "a.example\n?\n?\n", "not a list of free_domains: line 2"),
        (Kind.UN_NAMES, "<html/>", "not the UN's XML"),
        (Kind.OFAC_NAMES, "<html/>", "not a list of ofac_names: line 1"),
        (Kind.COUNTRY_DATABASE, "no database", "not a database in MaxMind's format"),
    ],
)
def test_a_file_of_another_kind_changes_nothing(
    folder: Folder, kind: Kind, content: str, complaint: str
) -> None:
    """The file is named, and the list that was there stays."""
    good = written(folder, "good", "a.example\n")
    import_list(folder, Kind.FREE_DOMAINS, [good], NOW)
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    bad = written(folder, "bad", content)
    with pytest.raises(ListError, match=f"{bad}: {complaint}"):
        import_list(folder, kind, [bad], NOW)
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


def test_a_file_that_is_cut_off_is_refused(folder: Folder) -> None:
    """Half of a download is not half of a list."""
    path = written(folder, "cut.gz", gzip.compress(b"a.example\n" * 99)[:-9])
    with pytest.raises(ListError, match="cut off"):
        import_list(folder, Kind.FREE_DOMAINS, [path], NOW)


def test_a_crash_before_the_manifest_leaves_the_old_list(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New data may lie there already; the manifest says which counts."""
    import_list(folder, Kind.FREE_DOMAINS, [written(folder, "old", "old.example\n")], NOW)
    write = Folder._write

    def crash(self: Folder, name: str, content: bytes) -> None:
        if name.endswith(".json"):
            raise OSError("power cut")
        write(self, name, content)

    monkeypatch.setattr(Folder, "_write", crash)
    with pytest.raises(OSError, match="power cut"):
        import_list(folder, Kind.FREE_DOMAINS, [written(folder, "new", "new.example\n")], NOW)
    assert Lists.load(folder.path).free("old.example")
    assert not Lists.load(folder.path).free("new.example")


def test_damage_on_the_disk_is_found(folder: Folder) -> None:
    """A list is never read half."""
    manifest = import_list(folder, Kind.FREE_DOMAINS, [written(folder, "f", "a.example\n")], NOW)
    (folder.path / manifest.file).write_text("b.example\n")
    with pytest.raises(ListError, match="damaged"):
        Lists.load(folder.path)
    (folder.path / manifest.file).unlink()
    with pytest.raises(ListError, match="gone"):
        Lists.load(folder.path)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_manifest_is_read_or_refused(folder: Folder, content: bytes) -> None:
    """Never another exception."""
    folder.path.mkdir(exist_ok=True)
    (folder.path / "free_domains.json").write_bytes(content)
    with suppress(ListError):
        folder.manifests()


def test_a_source_that_changed_is_noticed(folder: Folder) -> None:
    """By its content, not by its time."""
    path = written(folder, "f", "a.example\n")
    manifest = import_list(folder, Kind.FREE_DOMAINS, [path], NOW)
    assert not changed(manifest)
    path.write_text("b.example\n")
    assert changed(manifest)


def test_a_list_without_date_has_its_files(folder: Folder) -> None:
    """And says so."""
    path = written(folder, "f", "a.example\n")
    manifest = import_list(folder, Kind.FREE_DOMAINS, [path], NOW)
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    assert (manifest.dated, manifest.dated_by) == (written_at, "the file's time")


def test_age_limits_are_policy(folder: Folder) -> None:
    """Shipped, and replaced one by one by a file in the folder."""
    shipped = age_limits(None)
    folder.path.mkdir()
    (folder.path / "ages.yaml").write_text("tor_networks: 2\n")
    assert age_limits(folder.path) == shipped | {Kind.TOR_NETWORKS: 2}


@pytest.mark.parametrize(
    "text",
    [
        *("tor_networks: 0", "tor_networks: 2027-02-30", "tor_networks", "no_such_list: 3"),
        *("- 1", "a: ["),
    ],
)
def test_wrong_age_limits_are_named(folder: Folder, text: str) -> None:
    """With their file."""
    folder.path.mkdir()
    (folder.path / "ages.yaml").write_text(text)
    with pytest.raises(ListError, match=r"ages\.yaml"):
        age_limits(folder.path)


def test_names_of_all_lists_are_one_roll(folder: Folder) -> None:
    """Under one version, empty where there is none."""
    assert Roll.load(folder.path).version == ""
    rows = "id,schema,name,aliases,birth_date,countries\nNK-1,Person,Juan Doe,,,\n"
    import_list(folder, Kind.OPENSANCTIONS_NAMES, [written(folder, "t.csv", rows)], NOW)
    alt = '1,2,"aka","DOE, Johnny",-0-\n'
    import_list(folder, Kind.OFAC_NAMES, [written(folder, "alt.csv", alt)], NOW)
    roll = Roll.load(folder.path)
    assert [entry.names[0] for entry in roll.entries] == ["DOE, Johnny", "Juan Doe"]
    assert "ofac_names=" in roll.version
    assert "opensanctions_names=" in roll.version


def test_databases_say_country_and_system(folder: Folder) -> None:
    """In MaxMind's format, with the date that they state."""
    record = {"country": {"iso_code": "NL"}, "autonomous_system_number": 64_496}
    path = written(folder, "ip.mmdb", database(ip_address("192.0.2.0"), record))
    assert import_list(folder, Kind.COUNTRY_DATABASE, [path], NOW).dated == date(2026, 1, 2)
    import_list(folder, Kind.SYSTEM_DATABASE, [path], NOW)
    located = open_geography(load_settings(lists_dir=folder.path)).locate
    assert located("192.0.2.9") == (64_496, "NL")
    assert located("203.0.113.1") == (-1, "")


def test_a_database_of_another_kind_is_refused(folder: Folder) -> None:
    """Nothing would be found in it, and nobody told."""
    record: dict[str, object] = {"autonomous_system_number": 64_496}
    path = written(folder, "ip.mmdb", database(ip_address("192.0.2.0"), record))
    with pytest.raises(ListError, match="no country_database"):
        import_list(folder, Kind.COUNTRY_DATABASE, [path], NOW)


@given(start=st.integers(0, 400), junk=st.binary(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_database_is_read_or_refused(folder: Folder, start: int, junk: bytes) -> None:
    """Never another exception."""
    good = database(ip_address("192.0.2.0"), {"country_code": "NL"})
    path = written(folder, "ip.mmdb", good[:start] + junk + good[start + len(junk) :])
    with suppress(ListError):
        assert Database(path).count(Kind.COUNTRY_DATABASE) >= 0


def test_dates_of_domains_are_looked_up(folder: Folder) -> None:
    """Of a domain, and of one below it; of another one nothing is known."""
    path = written(folder, "ages.csv", "domain,created\nyoung.example,1970-01-11\n")
    import_list(folder, Kind.DOMAIN_DATES, [path], NOW)
    lists = Lists.load(folder.path)
    assert lists.registered("young.example") == lists.registered("mail.young.example") == 10
    assert lists.registered("other.example") is None
