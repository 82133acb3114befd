"""``moonshot-status setup``: its prompts and messages, and what it must not do."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kit.official_proxy import official_proxy
from kit.support import KEY, PROGRAM, Run
from kit.terminal import Terminal

from moonshot_status.cli.main import main
from moonshot_status.core import signals
from moonshot_status.polling import demo
from moonshot_status.setup import wizard

OTHER = "sk-other0123456789"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wizard, "_is_terminal", lambda: True)


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[demo.Server]:
    """The endpoint for ``KEY`` at the official hosts, and an environment with other settings."""
    with (
        demo.serving(demo.balance("49.58894", "46.58893", "3.00001"), (KEY,)) as server,
        official_proxy(server, monkeypatch, tmp_path),
    ):
        monkeypatch.setenv("MOONSHOT_BASE_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("MOONSHOT_REGION", "mars")
        monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-this-terminal")
        yield server


@pytest.fixture
def settings(home: Path) -> Path:
    return home / ".config" / "moonshot-status" / "config.json"


@pytest.fixture
def plugins(home: Path) -> Path:
    """The plugin folder of xbar, which makes it an installed bar."""
    folder = home / "Library" / "Application Support" / "xbar" / "plugins"
    folder.mkdir(parents=True)
    return folder


def setup(*arguments: str, typed: str = "", before: tuple[str, ...] = ()) -> Result:
    result = CliRunner().invoke(main, [*before, "setup", *arguments], input=typed)
    assert KEY not in result.output
    return result


def test_a_file_that_cannot_be_examined_is_told(
    endpoint: demo.Server, settings: Path, home: Path, own_file: Callable[[Any], Path],
) -> None:  # fmt: skip
    own_file({"api_key": KEY})
    (home / "loop").symlink_to("loop")
    config = home / ".config" / "waybar" / "config"
    config.parent.mkdir()
    config.write_text('{"include": "~/loop"}', encoding="utf-8")
    for arguments in ((), ("--remove",)):
        result = setup("--yes", *arguments, "waybar")
        assert f"Waybar: {home}/loop cannot be read: Too many levels" in result.output
        assert result.exit_code == 1
    assert config.read_text(encoding="utf-8") == '{"include": "~/loop"}'


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_region_and_key_are_asked_verified_and_saved(
    terminal: None, endpoint: demo.Server, settings: Path, plugins: Path
) -> None:
    result = setup("xbar", typed=f"China\n{KEY}\ny\n")
    assert result.exit_code == 0
    assert "A key of platform.kimi.ai is international, one of platform.kimi.com" in result.output
    assert "¥49.58" in result.output
    assert "+exec moonshot-status --format xbar" in result.output
    assert result.output.endswith("xbar: done. Now refresh it: Refresh all in its menu\n")
    assert json.loads(settings.read_text(encoding="utf-8")) == {"region": "china", "api_key": KEY}
    assert (mode(settings), mode(settings.parent)) == (0o600, 0o700)
    assert (plugins / "moonshot.1m.sh").exists()
    assert len(endpoint.requests) == 1


def test_the_second_run_changes_nothing(
    terminal: None, endpoint: demo.Server, settings: Path, plugins: Path
) -> None:
    setup("xbar", "--yes", typed=f"{KEY}\n")
    before = settings.read_bytes(), settings.stat().st_mtime_ns
    result = setup("xbar")
    assert "the key in ~/.config/moonshot-status/config.json stays.\n$49.58\n" in result.output
    assert "xbar: the module is there already." in result.output
    result = setup("xbar", "--yes", "--key-command", f"echo {KEY}")
    settings.write_bytes(before[0])
    os.utime(settings, ns=(before[1], before[1]))
    assert "is written" in result.output


def test_codexbars_key_is_enough(
    endpoint: demo.Server, home: Path, settings: Path, plugins: Path
) -> None:
    path = home / ".config" / "codexbar" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"version": 1, "providers": [{"id": "moonshot", "apiKey": KEY}]}),
        encoding="utf-8",
    )
    result = setup("--yes", "xbar")
    assert result.output.startswith("Settings: the key in CodexBar's file stays.\n$49.58\n")
    assert not settings.exists()


@pytest.mark.parametrize(
    "written",
    ["{", "[]", '{"providers": [{"id": "moonshot", "apiKey": 5}]}', None,
     '{"providers": [{"id": "moonshot", "apiKey": "sk-kimi-x"}]}'],
)  # fmt: skip
def test_a_key_is_asked_for_if_codexbars_file_cannot_be_used(
    terminal: None, endpoint: demo.Server, home: Path, settings: Path, written: str | None
) -> None:
    path = home / ".config" / "codexbar" / "config.json"
    path.parent.mkdir(parents=True)
    if written is None:
        path.mkdir()
    else:
        path.write_text(written, encoding="utf-8")
    result = setup("xbar", typed=f"international\n{KEY}\nn\n")
    assert "$49.58" in result.output
    assert json.loads(settings.read_text(encoding="utf-8"))["api_key"] == KEY


def test_an_unusable_key_is_asked_for_again(
    terminal: None, endpoint: demo.Server, settings: Path
) -> None:
    bad = ["''", "sk-kimi-0123", "sk-be\x07ll", "sk-naïve", "x" * 5000, f"Bearer {KEY}"]
    result = setup("xbar", typed="\n".join(["international", *bad, KEY, "n"]) + "\n")
    assert result.output.count("Key (it is not shown)") == 7
    assert "The API key is blank. Copy it" in result.output
    assert "contains a control character at position 6" in result.output
    assert "contains a character that is not ASCII at position 6" in result.output
    assert "is longer than 4096 characters" in result.output
    assert "its sk- is at position 8. Write the key alone" in result.output
    assert "ignored" not in result.output
    assert "one that begins with sk-kimi-" in result.output
    assert "xbar: nothing is changed." in result.output
    assert json.loads(settings.read_text(encoding="utf-8"))["api_key"] == KEY
    assert len(endpoint.requests) == 1


def test_a_key_comes_from_standard_input(run: Run, endpoint: demo.Server, settings: Path) -> None:
    done = run(
        "--region", "china", "setup", "--key-stdin", "--yes", "xbar", input=KEY.encode(), stdin=None
    )
    assert done.returncode == 0
    assert done.stdout.startswith("¥49.58\n".encode())
    assert json.loads(settings.read_text(encoding="utf-8")) == {"region": "china", "api_key": KEY}


def test_a_key_comes_from_a_command(endpoint: demo.Server, settings: Path) -> None:
    result = setup("--yes", "--key-command", f"echo '{KEY}'", "xbar")
    assert result.exit_code == 0
    assert json.loads(settings.read_text(encoding="utf-8")) == {
        "region": "international", "api_key_command": ["echo", KEY],
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["key", "command"])
def test_a_key_is_verified_where_bars_will_use_it(
    endpoint: demo.Server, settings: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    arguments = ["--key-stdin"] if kind == "key" else ["--key-command", f"echo {KEY}"]
    with demo.serving(demo.balance("1", "1", "0"), (KEY,)) as elsewhere:
        monkeypatch.setenv("MOONSHOT_BASE_URL", elsewhere.base_url)
        endpoint.keys = ()
        result = setup("--yes", *arguments, "xbar", typed=KEY)
        assert (result.exit_code, settings.exists()) == (1, False)
        assert "MOONSHOT_BASE_URL is ignored" in result.output
        endpoint.keys = (KEY,)
        assert setup("--yes", *arguments, "xbar", typed=KEY).exit_code == 0
        assert "base_url" not in settings.read_text(encoding="utf-8")
        assert elsewhere.requests == []


@pytest.mark.parametrize(("command", "exit_code"), [("false", 1), ("'", 2), ("", 2), ("''", 2)])
def test_a_command_without_a_key_is_not_saved(
    endpoint: demo.Server, settings: Path, command: str, exit_code: int
) -> None:
    assert setup("--yes", "--key-command", command, "xbar").exit_code == exit_code
    assert not settings.exists()


def test_a_rejected_key_is_not_saved(endpoint: demo.Server, settings: Path, plugins: Path) -> None:
    endpoint.keys = ()
    result = setup("--yes", "--key-stdin", typed=KEY)
    assert result.exit_code == 1
    assert "key rejected" in result.output
    assert "Check the region and the key, then" in result.output  # It is not in the file.
    assert "Nothing is written." in result.output
    assert not settings.exists()
    assert list(plugins.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("sk-kimi-1", "This is a key of Kimi Code, which has no balance"),
        ("", "There is nothing on the first line of standard input"),
        ("\ufeff''", "There is nothing on the first line of standard input"),
        ("sk-1 2", "The API key contains a space at position 5"),
        ("x" * 5000, "The API key is longer than 4096 characters"),
    ],
)
def test_an_unusable_piped_key_is_an_error(settings: Path, key: str, message: str) -> None:
    result = setup("--yes", "--key-stdin", "xbar", typed=f"{key}\n")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}. ")
    assert not settings.exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_ignored_around_a_key_is_pointed_out(
    endpoint: demo.Server, settings: Path, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    monkeypatch.setattr(wizard, "_is_terminal", lambda: is_terminal)
    result = setup("--yes", "--key-stdin", "xbar", typed=f"\u200b'{KEY}'\n")
    assert result.exit_code == 0
    said = "The key has zero-width characters and quotes around it, which are ignored.\n"
    assert said in result.output
    assert json.loads(settings.read_text(encoding="utf-8"))["api_key"] == KEY


def test_a_command_of_the_working_folder_is_refused(settings: Path) -> None:
    result = setup("--yes", "--key-command", "./get-key", "xbar")
    assert result.exit_code == 1
    assert "at api_key_command.0: allowed is a program's name, its full path" in result.output
    assert not settings.exists()


def test_a_command_that_prints_no_key_is_explained(endpoint: demo.Server, settings: Path) -> None:
    result = setup("--yes", "--key-command", "echo You are not logged in.", "xbar")
    assert result.exit_code == 1
    assert "a line of length 22 with a space at position 4" in result.output
    assert "set-key" not in result.output
    assert not settings.exists()


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("n", False)])
def test_without_a_network_the_user_decides(
    terminal: None, endpoint: demo.Server, settings: Path, answer: str, is_written: bool
) -> None:
    endpoint.stop()
    result = setup("xbar", typed=f"china\n{KEY}\n{answer}\nn\n")
    assert "The key could not be proved. Write it all the same?" in result.output
    assert settings.exists() == is_written
    assert result.exit_code == (0 if is_written else 1)


def test_without_a_network_yes_does_not_save_the_key(endpoint: demo.Server, settings: Path) -> None:
    endpoint.stop()
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
    assert result.exit_code == 1
    assert "Nothing is written." in result.output
    assert not settings.exists()


def test_the_key_of_a_suspended_account_is_valid(endpoint: demo.Server, settings: Path) -> None:
    endpoint.response = demo.error(429, "exceeded_current_quota_error", "")
    assert setup("--yes", "--key-stdin", "xbar", typed=KEY).exit_code == 0
    assert settings.exists()


def test_other_settings_and_their_formatting_stay(
    endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    before = '{ "max_age" : 60,\n\n  "thresholds":{"warning":7} }\n'
    path = own_file(before)
    path.chmod(0o644)
    assert setup("--yes", "--key-stdin", "xbar", typed=KEY).exit_code == 0
    added = f', "region" : "international", "api_key" : "{KEY}" }}\n'
    assert path.read_text(encoding="utf-8") == before.replace(" }\n", added)
    assert mode(path) == 0o600


@pytest.mark.parametrize(("before", "after"), [(0o600, "0600"), (0o640, "0640"), (0o644, "0600")])
def test_the_mode_of_the_settings_file_is_told(
    endpoint: demo.Server, own_file: Callable[[Any], Path], before: int, after: str
) -> None:
    own_file({}).chmod(before)
    for done in ("is written", "stays"):
        result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
        said = f"Settings: ~/.config/moonshot-status/config.json {done} (mode {after})."
        assert said in result.output


def test_an_empty_file_is_filled(endpoint: demo.Server, settings: Path) -> None:
    settings.parent.mkdir(parents=True)
    settings.write_text('{"$schema": "x", "region": "china", "api_key": ""}', encoding="utf-8")
    assert setup("--yes", "--key-stdin", "xbar", typed=KEY).exit_code == 0
    assert json.loads(settings.read_text(encoding="utf-8")) == {
        "$schema": "x",
        "region": "china",
        "api_key": KEY,
    }


def test_an_account_is_added_beside_the_others(
    endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    path = own_file({"accounts": {"work": {"api_key": OTHER}}})
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY, before=("--account", "new"))
    assert result.exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8"))["accounts"] == {
        "work": {"api_key": OTHER}, "new": {"region": "international", "api_key": KEY},
    }  # fmt: skip


def test_the_key_of_a_missing_account_is_asked_for(
    terminal: None, endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    path = own_file({"api_key": OTHER})
    setup("xbar", typed=f"china\n{KEY}\nn\n", before=("--account", "new"))
    assert json.loads(path.read_text(encoding="utf-8"))["accounts"] == {
        "default": {"api_key": OTHER}, "new": {"region": "china", "api_key": KEY},
    }  # fmt: skip


def test_a_rejected_key_in_the_settings_is_reported(
    endpoint: demo.Server, own_file: Callable[[Any], Path], plugins: Path
) -> None:
    own_file({"api_key": OTHER})
    result = setup("--yes", "xbar")
    assert "stays.\n— · key rejected\n" in result.output
    assert "xbar: done." in result.output


def test_the_key_of_a_flat_file_becomes_the_default_accounts(
    endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    path = own_file('{\n  "region": "china",\n  "api_key": "sk-flat",\n  "max_age": 9\n}')
    setup("--yes", "--key-stdin", "xbar", typed=KEY, before=("--account", "new"))
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "region": "china", "max_age": 9,
        "accounts": {"default": {"api_key": "sk-flat"}, "new": {"region": "china", "api_key": KEY}},
    }  # fmt: skip


def test_an_account_in_a_new_file(endpoint: demo.Server, settings: Path) -> None:
    setup(
        "--yes", "--key-stdin", "xbar", typed=KEY, before=("--account", "cn", "--region", "china")
    )
    assert json.loads(settings.read_text(encoding="utf-8")) == {
        "accounts": {"cn": {"region": "china", "api_key": KEY}}
    }


def test_the_account_that_is_shown_gets_its_key(
    endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    path = own_file({"accounts": {"work": {"region": "china", "api_key_command": ["false"]}}})
    assert setup("--yes", "--key-stdin", "xbar", typed=KEY).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8"))["accounts"] == {
        "work": {"region": "china", "api_key": KEY}
    }


def test_the_file_of_config_is_used(endpoint: demo.Server, tmp_path: Path, settings: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("{}", encoding="utf-8")
    folder_mode = mode(tmp_path)
    setup("--yes", "--key-stdin", "xbar", typed=KEY, before=("--config", str(path)))
    assert json.loads(path.read_text(encoding="utf-8"))["api_key"] == KEY
    assert (mode(path), mode(tmp_path)) == (0o600, folder_mode)
    assert not settings.exists()


@pytest.mark.parametrize("broken", ["{", '{"nonsense": 1}', '{"region": "mars", "api_key": "x"}'])
def test_an_invalid_settings_file_is_not_changed(
    endpoint: demo.Server, own_file: Callable[[Any], Path], broken: str
) -> None:
    path = own_file(broken)
    for arguments in (["--key-stdin"], []):
        result = setup("--yes", *arguments, "xbar", typed=KEY)
        assert result.exit_code == 1
        assert str(path) in result.output
    assert path.read_text(encoding="utf-8") == broken


def test_an_account_name_that_is_no_text_is_an_error(settings: Path) -> None:
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY, before=("--account", "\udcff"))
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {settings} ")
    assert not settings.exists()


def test_a_base_url_of_the_other_region_is_an_error(
    endpoint: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"base_url": "https://api.moonshot.cn"})
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
    assert result.exit_code == 1
    assert "it is the china host" in result.output


def test_settings_that_cannot_be_written_are_an_error(endpoint: demo.Server, home: Path) -> None:
    (home / ".config").write_text("in the way", encoding="utf-8")
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_without_a_terminal_nothing_is_done(invoke: Run, settings: Path, plugins: Path) -> None:
    done = invoke("setup", "xbar")
    assert done.returncode == 2
    assert b"--yes or --dry-run is needed" in done.stderr
    done = invoke("setup", "--yes", "xbar")
    assert done.returncode == 2
    assert b"--key-stdin or --key-command" in done.stderr
    assert not settings.exists()
    assert list(plugins.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["nobar"], ["--key-stdin", "--key-command", "x"], ["--remove", "--key-stdin"],
     ["--remove", "--key-command", "x"]],
)  # fmt: skip
def test_contradictory_options_are_a_usage_error(arguments: list[str]) -> None:
    assert setup("--yes", *arguments).exit_code == 2


@pytest.mark.parametrize("accounts", ["all", "work,cn", ""])
def test_setup_is_for_one_account(accounts: str) -> None:
    result = setup("--yes", "xbar", before=("--account", accounts))
    assert result.exit_code == 2
    assert "setup is for one account" in result.output


def test_a_dry_run_shows_everything_and_writes_nothing(
    home: Path, plugins: Path, server: demo.Server
) -> None:
    before = sorted(home.rglob("*"))
    result = setup("--dry-run", "xbar")
    assert "Settings: would ask for region and key" in result.output
    assert "+exec moonshot-status --format xbar" in result.output
    assert "link: ~/.local/bin/moonshot-status -> " in result.output
    assert "xbar: this would be changed." in result.output
    assert sorted(home.rglob("*")) == before
    assert server.requests == []


def test_installed_bars_get_the_module_and_lose_it(
    endpoint: demo.Server, plugins: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    result = setup("--yes", "--key-stdin", typed=KEY)
    assert "xbar: done." in result.output
    assert "aybar" not in result.output
    result = setup("--yes", "--remove")
    assert "xbar: done." in result.output
    assert "link removed: ~/.local/bin/moonshot-status" in result.output
    assert "folder removed, if empty: ~/.local/bin" in result.output
    assert "Waybar: the module is not there." in result.output
    assert result.output.endswith("The settings and the key stay.\n")
    assert list(plugins.iterdir()) == []


def test_without_a_bar_the_user_is_asked_for_one(
    endpoint: demo.Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    result = setup("--yes", "--key-stdin", typed=KEY)
    assert result.exit_code == 0
    assert "No bar was found. Name one: moonshot-status setup xbar" in result.output


def test_a_program_that_bars_cannot_find_is_reported(
    endpoint: demo.Server, home: Path, plugins: Path
) -> None:
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "moonshot-status").symlink_to("nowhere")
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
    assert "No bar finds moonshot-status: it has to be in ~/.local/bin." in result.output


def test_an_error_with_one_bar_does_not_affect_the_next(
    endpoint: demo.Server, home: Path, plugins: Path
) -> None:
    (home / ".config" / "waybar" / "config").mkdir(parents=True)
    result = setup("--yes", "--key-stdin", "waybar", "xbar", typed=KEY)
    assert result.exit_code == 1
    assert "Waybar: ~/.config/waybar/config is not a file.\n" in result.output
    assert "xbar: done." in result.output


def test_an_edited_script_is_reported(endpoint: demo.Server, plugins: Path) -> None:
    (plugins / "moonshot.1m.sh").write_text("mine", encoding="utf-8")
    result = setup("--yes", "--key-stdin", "xbar", typed=KEY)
    assert "moonshot.1m.sh stays as it is: it is not what setup wrote.\n" in result.output


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_control_c_that_is_ignored_stays_ignored(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    with signals.keyboard_interrupt():
        during = signal.getsignal(signal.SIGINT)
    after = signal.signal(signal.SIGINT, before)
    assert during is (signal.SIG_IGN if handler is signal.SIG_IGN else signal.default_int_handler)
    assert after is handler


def test_control_c_at_the_prompt_restores_the_terminal(home: Path) -> None:
    terminal = Terminal(*PROGRAM, "--region", "china", "setup", "xbar")
    terminal.wait_for("not shown")
    terminal.wait_until_echo_is_off()
    status, printed = terminal.finish("\x03")
    assert (status, "Aborted!" in printed) == (1, True)
    assert terminal.echoes()
    terminal.close()
