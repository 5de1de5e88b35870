"""Sentences as data: plain text of which some parts are figures, which a page may mark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A run of plain text."""

    text: str
    is_figure: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence, or a piece of one."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The sentence without marks."""
        return "".join(part.text for part in self.parts)

    def capitalized(self) -> Phrase:
        """Return the phrase as the beginning of a sentence, if it begins with plain words."""
        first, *rest = self.parts
        if first.is_figure:
            return self
        return Phrase((Part(first.text[:1].upper() + first.text[1:]), *rest))


def figure(text: str) -> Phrase:
    """Return an amount, which a page may mark."""
    return Phrase((Part(text, is_figure=True),))


def phrase(template: str, *inserted: Phrase | str) -> Phrase:
    """Put texts and phrases where a template has `{}`.

    >>> phrase("{} of {} were right", figure("66 %"), "all predictions").text
    '66 % of all predictions were right'
    """
    first, *rest = template.split("{}")
    parts = [Part(first)]
    for piece, words in zip(inserted, rest, strict=True):
        parts += piece.parts if isinstance(piece, Phrase) else [Part(piece)]
        parts.append(Part(words))
    return Phrase(tuple(part for part in parts if part.text))
