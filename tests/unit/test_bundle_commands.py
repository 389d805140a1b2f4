"""`sluicegate bundle …` as a person uses it: from a model to the one that decides, and back."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from schemas.errors import SluicegateError
from stream.bundles.comparison import Comparison
from stream.bundles.disagreement import read_pages
from stream.cli import cli
from stream.metrics import Metrics
from tests.unit.bundled import make_bundle, write_keys, write_model, write_policy

TOKEN = "t" * 16
RULES = """
rules:
  many_refusals:
    where: refusals_ratio_7d > 0.5
    action: restrict
    reason: {code: rule_refusals, text: more than half of the requests are refused}
    author: ada
    expires: 2100-01-01
"""


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that the settings name, and a window wide enough for tables."""
    monkeypatch.setenv("SLUICEGATE_BUNDLES", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LOGNAME", "ada")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["bundle", *map(str, arguments)])


def said(*arguments: str | Path) -> str:
    """What it says when it is done."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def refused(*arguments: str | Path) -> str:
    """Why it is not done."""
    result = run(*arguments)
    assert isinstance(result.exception, SluicegateError), result.output
    return str(result.exception)


def test_from_a_model_to_what_decides_and_back(tmp_path: Path) -> None:
    """Build, verify, promote, try another out, promote it, roll back; show tells it all."""
    key, _ = write_keys(tmp_path)
    model, policy = write_model(tmp_path / "model"), write_policy(tmp_path / "p.yaml", "one")
    built = said(
        "build", "--out", tmp_path / "a", "--model", model, "--policy", policy, "--key", key
    )
    first = re.findall(r"bundle-\w{12}", built)[0]
    assert "signed" in built
    assert "no trusted keys are set" in said("verify", tmp_path / "a")
    said("promote", tmp_path / "a", "--reason", "the first one")
    other = make_bundle(tmp_path, "b", trees=5, policy="two")
    assert "5.0%" in said("promote", other, "--canary", "0.05")
    said("promote", other)
    shown = said("show")
    assert re.search(r"current\s+bundle-\w+\s+previous\s+" + first, shown)
    assert "ada" in shown
    assert "the first one" in shown
    said("rollback", "--reason", "too strict")
    assert re.search(r"current\s+" + first, said("show"))
    assert "nothing to undo" in refused("rollback")


def test_a_bundle_may_bring_rules(tmp_path: Path) -> None:
    """They are checked when it is built, and part of its version."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    model = write_model(tmp_path / "model")
    plain = said("build", "--out", tmp_path / "plain", "--model", model)
    ruled = said("build", "--out", tmp_path / "ruled", "--model", model, "--rules", rules)
    assert ruled.split(":")[0] != plain.split(":")[0]
    assert "rules.yaml" in said("diff", tmp_path / "plain", tmp_path / "ruled")
    said("verify", tmp_path / "ruled")
    rules.write_text(RULES.replace("refusals_ratio_7d", "no_such_feature"))
    assert "no_such_feature" in refused(
        "build", "--out", tmp_path / "wrong", "--model", model, "--rules", rules
    )


def test_trusted_keys_hold_for_verify_and_promote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker would refuse is not promoted."""
    key, public = write_keys(tmp_path)
    monkeypatch.setenv("SLUICEGATE_BUNDLE_KEYS", str(public))
    unsigned = make_bundle(tmp_path, "unsigned")
    assert "not signed" in refused("verify", unsigned)
    assert "not signed" in refused("promote", unsigned)
    signed = make_bundle(tmp_path, "signed", key=key)
    assert "signed by a trusted key" in said("verify", signed)


def test_diff_tells_what_differs_and_nothing_else(tmp_path: Path) -> None:
    """Policy keys, model card, and scores of golden rows."""
    one = make_bundle(tmp_path, "one")
    two = make_bundle(tmp_path, "two", trees=8, policy="other", hysteresis=0.5)
    told = said("diff", one, two)
    assert re.search(r"policy\.hysteresis\s+0\.8\s+0\.5", told)
    assert re.search(r"training\.evaluation\.auc\s+0\.903\s+0\.908", told)
    assert "golden rows, score at quantile 0.5" in told
    assert "PSI" in told
    assert "budget" not in told
    assert said("diff", one, one) == "no difference\n"


def test_a_store_must_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the setting."""
    monkeypatch.delenv("SLUICEGATE_BUNDLES")
    assert "SLUICEGATE_BUNDLES: needed" in refused("promote", make_bundle(tmp_path))
    assert "SLUICEGATE_BUNDLES: needed" in refused("show")


def test_shadow_and_canary_exclude_one_another(tmp_path: Path) -> None:
    """Wrong usage, exit code 2."""
    assert run("promote", tmp_path, "--shadow", "--canary", "0.1").exit_code == 2


def test_a_new_store_has_nothing_to_show() -> None:
    """And says so."""
    assert "no bundle was promoted yet" in said("show")


def page(events: int) -> str:
    """The metrics of a worker with a shadow."""
    metrics, found = Metrics(), Comparison()
    found.actions[0, 0], found.actions[0, 4] = 3 * events, events
    found.bands[0, 0], found.bands[0, 4] = 3 * events, events
    found.bands[1, 4], found.gaps[4] = events, events / 2
    metrics.bundles.told("bundle-cccccccccccc", found)
    return metrics.render().decode()


def test_the_pages_of_several_workers_add_up() -> None:
    """By actions and by score."""
    found = read_pages([page(10), page(30)])["bundle-cccccccccccc"]
    assert found.actions == {("allow", "allow"): 120, ("allow", "block"): 40}
    band = found.bands["to 0.5"]
    assert (band.events, band.differing, band.gaps) == (40, 40, 20)


class Page(BaseHTTPRequestHandler):
    """A worker's metrics, behind its token; under other paths what else may stand at an address."""

    def do_GET(self) -> None:
        trusted = self.headers["Authorization"] == f"Bearer {TOKEN}"
        match self.path:
            case "/metrics":
                self._send(200 if trusted else 401, page(10) if trusted else "")
            case "/moved/metrics":
                self._send(302, "", Location="/metrics")
            case "/html/metrics":
                self._send(200, "<p>Sign in.</p>")
            case "/binary/metrics":
                self.wfile.write(b"-ERR unknown command\r\n")

    def _send(self, status: int, body: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal of the tests."""


@pytest.fixture
def worker() -> Iterator[str]:
    """The URL of a worker that has a shadow."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_report_tells_what_a_shadow_would_do(
    worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both actions, and by the current bundle's score; of two workers together."""
    monkeypatch.setenv("SLUICEGATE_WEB_TOKEN", TOKEN)
    told = said("report", "--worker", worker, "--worker", worker)
    assert "bundle-cccccccccccc: another action for 20 of 80" in told
    assert re.search(r"allow\s+block\s+20\s+25.000%", told)
    assert re.search(r"to 0.01\s+0.7500\s+60\s+0.000%\s+0.0000", told)
    assert re.search(r"to 0.5\s+1.0000\s+20\s+100.000%\s+0.5000", told)


def test_a_worker_that_refuses_or_is_away_is_an_error(worker: str) -> None:
    """One line that names it."""
    assert "401" in refused("report", "--worker", worker)
    assert "no worker answers" in refused("report", "--worker", "http://127.0.0.1:1")
    assert "must begin with http" in refused("report", "--worker", "file:///etc/passwd")
    assert "no worker answers" in refused("report", "--worker", "http://[::1")


@pytest.mark.parametrize("path", ["html", "binary"])
def test_what_is_no_worker_is_told(path: str, worker: str) -> None:
    """A page for people, or another protocol."""
    assert "no worker answers" in refused("report", "--worker", f"{worker}/{path}")


def test_the_token_is_taken_nowhere_else(worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that sends on to another is not followed."""
    monkeypatch.setenv("SLUICEGATE_WEB_TOKEN", TOKEN)
    assert "answers 302" in refused("report", "--worker", f"{worker}/moved")
