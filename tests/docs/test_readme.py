"""What the README promises."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from kit import made_up
from kit.bars import look
from kit.support import REPOSITORY, Run

from moonshot_status import formats, schemas
from moonshot_status.config.settings import TEMPLATE_FIELDS
from moonshot_status.core.errors import Kind
from moonshot_status.polling import demo

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
TEXTS = [*sorted(REPOSITORY.glob("*.md")), *sorted(REPOSITORY.glob("integrations/*/README.md"))]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_help_is_the_programs(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert invoke("--help").stdout.decode() in [text for kind, text in BLOCKS if kind == "text"]


def test_the_settings_are_valid_and_the_output_is_too() -> None:
    documents = [json.loads(text) for kind, text in BLOCKS if kind == "json"]
    outputs = [document for document in documents if "version" in document]
    settings = [document for document in documents if "version" not in document]
    assert len(outputs) == 1
    assert len(settings) == 3
    Draft202012Validator(schemas.load("output")).validate(outputs[0])
    for document in settings:
        assert schemas.mismatch(document, "config") is None


def test_every_setting_and_flag_is_in_the_table() -> None:
    table = README.partition("## Settings")[2].partition("## What is shown")[0]
    for name in schemas.load("config")["$defs"]["account"]["properties"]:
        assert re.search(rf"`{name}[`.]", table)
    for name in ("--account", "--region", "--max-age", "--timeout", "--config"):
        assert f"`{name}`" in table
    defaults = {"--max-age": "300", "--timeout": "10"}
    for name, value in defaults.items():
        assert re.search(rf"`{name}`.*\| {value} \|", table)


def test_every_kind_of_problem_is_in_the_table() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+?) \| ", README.partition("| problem |")[2], re.MULTILINE
    )
    assert rows == [(kind.value, kind.label) for kind in Kind]


def test_the_first_lines_are_what_is_printed(invoke: Run) -> None:
    examples = README.partition("```text\n")[2].partition("```")[0]
    shown = {
        invoke("--demo", state, "--region", region).stdout.decode().strip()
        for state, region in [
            ("ok", "international"), ("warning", "china"),
            ("deficit", "international"), ("unauthorized", "china"),
        ]
    }  # fmt: skip
    for line in shown:
        assert f"{line}  " in examples
    offline = invoke("--demo", "offline").stdout.decode().strip()
    when = re.compile(r"as of (\d{4}-\d\d-\d\d )?\d\d:\d\d")  # half an hour ago can be yesterday
    assert f"{when.sub('as of 14:02', offline)}  " in examples


def test_the_history_is_the_programs(
    invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up.keep(home / ".local" / "state" / "moonshot-status")
    monkeypatch.setenv("MOONSHOT_API_KEY", made_up.KEY)
    monkeypatch.setenv("COLUMNS", "80")
    texts = [text for kind, text in BLOCKS if kind == "text"]
    for since, name in [("2026-03-25", "table"), ("2026-03-02", "chart")]:
        command = ["history", "--since", since, "--format", name]
        assert invoke(*command).stdout.decode() in texts


def test_the_pictures_show_todays_look_and_are_small() -> None:
    taken = json.loads((look.PICTURES / "look.json").read_text(encoding="utf-8"))
    assert taken["fingerprint"] == look.fingerprint(), (
        "run PYTHONPATH=tests python -m kit.bars.take_pictures"
    )
    pictures = list(look.PICTURES.glob("*.png"))
    assert sum(path.stat().st_size for path in pictures) < 60_000
    assert all(f"integrations/pictures/{path.name})" in README for path in pictures)


def test_every_field_of_a_template_is_in_the_table() -> None:
    table = README.partition("| field |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`\{(\w+)\}`", table)) == sorted(TEMPLATE_FIELDS)


def test_every_format_is_in_the_table() -> None:
    table = README.partition("| where | `--format` |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| .+ \| `([\w-]+)` \|", table, re.MULTILINE)) == formats.names()


@pytest.mark.parametrize("file", TEXTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_link_leads_somewhere(file: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
        assert "://" in link or (file.parent / link).exists(), link


PATH = re.compile(r"(?<![\w./-])(?:moonshot_status|tests|integrations|\.ci)(?:/[\w.-]*\w)+")
PLACEHOLDER = re.compile("NAME|PACKAGE|FORMAT")
MODULE = re.compile(r"python -m (kit[\w.]*)")
IN_THE_WHEEL_ALONE = "moonshot_status/integrations"


@pytest.mark.parametrize(
    "file",
    [*TEXTS, REPOSITORY / "pyproject.toml", REPOSITORY / ".ci" / "run"],
    ids=lambda path: str(path.relative_to(REPOSITORY)),
)
def test_a_path_in_the_repository_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = [path for path in PATH.findall(text) if not PLACEHOLDER.search(path)]
    named += [f"tests/{module.replace('.', '/')}.py" for module in MODULE.findall(text)]
    for path in named:
        assert path == IN_THE_WHEEL_ALONE or (REPOSITORY / path).exists(), path


def test_a_path_that_does_not_exist_would_be_found() -> None:
    text = "see tests/gone.py, (moonshot_status/gone/x.json) and tests/unit/PACKAGE/test_NAME.py"
    assert PATH.findall(text)[:2] == ["tests/gone.py", "moonshot_status/gone/x.json"]


def test_the_demos_states_are_in_the_help() -> None:
    for state in demo.STATES:
        assert state in README


def test_the_sentences_on_levels_hold(invoke: Run) -> None:
    table = README.partition("| level |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", table, re.MULTILINE))
    for state, level in [
        ("ok", "ok"),
        ("warning", "warning"),
        ("critical", "critical"),
        ("empty", "empty"),
        ("unauthorized", "unknown"),
    ]:
        assert invoke("--demo", state, "--format", "i3blocks").returncode == int(rows[level])


def test_what_is_kept_is_for_its_owner_alone(run: Run, server: demo.Server, home: Path) -> None:
    assert run(umask=0).returncode == 0
    folder = home / ".local" / "state" / "moonshot-status"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "requests").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "balance.db").stat().st_mode) == 0o600
