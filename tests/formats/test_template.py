"""``template``: the line of the user's template."""

from __future__ import annotations

from dataclasses import replace

from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.display.combine import combine
from moonshot_status.display.view import View
from moonshot_status.formats.template import render


@for_each(ALL_VIEWS)
def test_without_a_template_it_is_the_headline(view: View) -> None:
    assert render(view).text == f"{view.headline}\n"


def test_with_a_template_it_is_its_line() -> None:
    reply = render(replace(VIEWS["ok"], template_line="mine | #[fg=red]"))
    assert (reply.text, reply.exit_code) == ("mine | #[fg=red]\n", 0)


def test_a_template_can_be_empty() -> None:
    assert render(replace(VIEWS["ok"], template_line="")).text == "\n"


def test_each_of_several_accounts_has_its_line() -> None:
    views = [replace(VIEWS["ok"], template_line=own) for own in ("one", "", None)]
    assert render(combine(views)).text == "one │ work $49.58\n"
