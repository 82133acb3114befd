"""A real Prometheus scrapes our textfile through a real node exporter, and raises our alerts."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from kit.bars.bench import LEVELS, Bench
from kit.bars.desktop import Desktop, require, wait_for
from kit.bars.fixtures import INTEGRATIONS

FILES = INTEGRATIONS / "prometheus"
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
HOSTILE = 'a"} 1\n# TYPE b\\ <b>{x="y"}'


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Prometheus:
    """It, its node exporter, and the script that writes the textfile."""

    def __init__(self, desktop: Desktop, bench: Bench) -> None:
        self._desktop, self._bench = desktop, bench
        self.folder = desktop.folder / "textfiles"
        self.folder.mkdir()
        exporter, self._port = a_free_port(), a_free_port()
        config = desktop.folder / "prometheus.yml"
        config.write_text(CONFIG.format(rules=FILES / "moonshot.rules.yml", port=exporter))
        desktop.start(
            "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
            f"--collector.textfile.directory={self.folder}",
            f"--web.listen-address=127.0.0.1:{exporter}", log="exporter.log",
        )  # fmt: skip
        desktop.start(
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={desktop.folder / 'db'}",
            f"--web.listen-address=127.0.0.1:{self._port}", log="prometheus.log",
        )  # fmt: skip

    def write(self) -> None:
        """What the timer does."""
        self._desktop.call(FILES / "moonshot-textfile", self.folder)

    def ask(self, query: str) -> list[dict[str, Any]]:
        words = urllib.parse.urlencode({"query": query})
        url = f"http://127.0.0.1:{self._port}/api/v1/query?{words}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return found
        except OSError:
            return []

    def value(self, query: str) -> str:
        """Of the first sample, once there is one."""
        return str(wait_for(query, lambda: self.ask(query))[0]["value"][1])


@pytest.fixture(scope="module")
def prometheus(bench: Bench, desktop: Desktop) -> Prometheus:
    require("prometheus", "prometheus-node-exporter", "promtool")
    bench.reset()
    account = {"api_key": bench.key, "base_url": bench.server.base_url}
    lost = {"api_key": "sk-wrong0123456789", "base_url": bench.server.base_url}
    accounts = {"work": account, "lost": lost, HOSTILE: account}
    bench.configure(api_key=None, base_url=None, accounts=accounts)
    started = Prometheus(desktop, bench)
    started.write()
    return started


def test_the_balance_arrives_with_its_labels(prometheus: Prometheus) -> None:
    query = 'moonshot_balance_available{account="work",region="international",currency="USD"}'
    assert prometheus.value(query) == "49.58894"
    assert prometheus.value("node_textfile_scrape_error") == "0"
    assert prometheus.value('moonshot_level{account="work",level="ok"}') == "1"


def test_what_is_not_known_is_not_there(prometheus: Prometheus) -> None:
    assert prometheus.value('moonshot_problem{account="lost",kind="unauthorized"}') == "1"
    assert prometheus.ask('moonshot_balance_available{account="lost"}') == []


def test_a_hostile_account_name_is_only_a_label(prometheus: Prometheus) -> None:
    name = json.dumps(" ".join(HOSTILE.split()))
    assert prometheus.value(f"moonshot_balance_cash{{account={name}}}") == "3.00001"
    assert prometheus.ask("b") == []


def test_the_alerts_are_raised(prometheus: Prometheus, bench: Bench) -> None:
    bench.server.response = LEVELS["empty"]

    def is_written() -> bool:
        # While another process is asking, an old balance is written.
        prometheus.write()
        text = (prometheus.folder / "moonshot.prom").read_text()
        return (
            re.search(r'balance_available\{.*account="work".*\} 0$', text, re.MULTILINE) is not None
        )

    wait_for("the empty balance", is_written)
    for alert, account in (("VeryLow", "work"), ("KeyRejected", "lost")):
        query = f'ALERTS{{alertname=~".*{alert}",alertstate="firing",account="{account}"}}'
        assert prometheus.value(query) == "1"


def test_no_half_of_a_file_is_ever_there(prometheus: Prometheus, tmp_path: Path) -> None:
    assert [path.name for path in prometheus.folder.iterdir()] == ["moonshot.prom"]
    with pytest.raises(subprocess.CalledProcessError):
        prometheus._desktop.call(FILES / "moonshot-textfile", prometheus.folder, "--nonsense")
    assert [path.name for path in prometheus.folder.iterdir()] == ["moonshot.prom"]


@pytest.mark.parametrize("words", [["check", "rules", "moonshot.rules.yml"],
                                   ["test", "rules", "moonshot.rules.test.yml"]])  # fmt: skip
def test_the_rules_pass_their_tests(words: list[str]) -> None:
    require("promtool")
    *verb, file = words
    done = subprocess.run(["promtool", *verb, FILES / file], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_has_nothing_to_say(prometheus: Prometheus) -> None:
    promtool = shutil.which("promtool") or "promtool"
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=(prometheus.folder / "moonshot.prom").read_bytes(), capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
