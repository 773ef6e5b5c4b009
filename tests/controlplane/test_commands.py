"""Every command of ours explains itself with an example."""

import re
from importlib import import_module

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class


def ours() -> list[str]:
    return sorted(name for name, app in get_commands().items() if "controlplane" in str(app))


def test_the_agreed_commands_exist() -> None:
    agreed = {"up", "apply", "export", "create_token", "login_link", "doctor", "train"}

    assert agreed <= set(ours())


@pytest.mark.parametrize("name", ours())
def test_help_says_what_it_does_and_shows_one_example(name: str) -> None:
    command = load_command_class(str(get_commands()[name]), name)
    text = command.create_parser("manage.py", name).format_help()

    assert isinstance(command, BaseCommand)
    assert re.search(rf"Example:\n\n\s*python manage\.py {name}\b", text), text
    for line in text.splitlines():
        assert len(line) <= 110, line


@pytest.mark.parametrize("name", ours())
def test_the_example_can_be_parsed(name: str) -> None:
    module = import_module(f"{get_commands()[name]}.management.commands.{name}")
    (example,) = re.findall(rf"^python manage\.py {name}(.*)$", module.__doc__ or "", re.MULTILINE)
    words = re.split(r" [>|] ", example)[0].split()
    parser = load_command_class(str(get_commands()[name]), name).create_parser("manage.py", name)

    assert parser.parse_args(words)
