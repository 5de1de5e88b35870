"""What the documents say exists: commands with their options, links, pictures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from functions.cli.commands import recheck

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
_COMMAND = re.compile(r"^\$? *(?:[A-Z_]+=\S* )*(?:\S*/)?recheck (.+)$")
_ENDS = {"|", ">", "&&", ">>"}


def _commands(page: Path) -> Iterator[str]:
    """The command lines of a page, without what a shell would do with their output."""
    for block in _FENCE.findall(page.read_text(encoding="utf-8")):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if found := _COMMAND.match(line.strip()):
                yield found[1]


def _words(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    ends = [place for place, word in enumerate(words) if word in _ENDS]
    return [word for word in words[: min(ends, default=len(words))] if word != "…"]


LINES = [(page.name, line) for page in PAGES for line in _commands(page)]


@pytest.mark.parametrize(("page", "line"), sorted(set(LINES)))
def test_a_command_in_a_document_can_be_typed(page: str, line: str) -> None:
    """Names of commands and options are checked; nothing runs."""
    del page
    words, command, context = _words(line), recheck, click.Context(recheck, info_name="recheck")
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))

        assert found is not None
        command = found  # type: ignore[assignment]
        if not isinstance(command, click.Group):
            command.make_context("recheck", words, parent=context)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    broken = []
    for path, anchor in _LINK.findall(text):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(f"{path}#{anchor}")

    assert broken == []


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_architecture_page_names_files_that_exist() -> None:
    paths = re.findall(r"`((?:pipelines|labeling|infra|functions|tests)/[^`]*)`", ARCHITECTURE)

    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("package", ["pipelines", "labeling", "infra", "functions"])
def test_the_picture_shows_every_room(package: str) -> None:
    """A folder of a package, or a file beside them, has its line."""
    picture = re.split(r"\W+", _FENCE.findall(ARCHITECTURE)[0])
    rooms = {path.stem for path in (ROOT / package).iterdir() if path.suffix in ("", ".py")}

    assert rooms - {"__init__", "__pycache__", "py"} - set(picture) == set()


def test_the_readme_is_short_and_begins_with_a_command() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 150
    assert "```" in lines[:25]


def test_pictures_are_small() -> None:
    pictures = [*(ROOT / "docs" / "images").iterdir()]

    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000
