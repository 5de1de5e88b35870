"""CSV and JSON Lines as strangers bring them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROWS = 60
Row = dict[str, Any]
Make = Callable[[Path], str]

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


def people(count: int = ROWS) -> list[Row]:
    """Rows of a table: key, two features, a class that follows one of them."""
    chance = random.Random(7)  # noqa: S311 - rows, no secret
    made: list[Row] = []
    for number in range(count):
        amount = round(chance.uniform(1, 100), 2)
        made.append(
            {
                "id": f"r{number:03d}",
                "amount": amount,
                "city": chance.choice(["Bonn", "Köln", "Trier"]),
                "label": "high" if amount > 50 else "low",
            }
        )
    return made


def text(rows: list[Row] | None = None, **options: Any) -> str:
    """Return rows as CSV."""
    rows = rows or people()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), **{"lineterminator": "\n", **options})
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def changed(number: int, **values: Any) -> list[Row]:
    """Return the rows with one of them changed."""
    rows = people()
    rows[number] |= values
    return rows


def renamed(**names: str) -> list[Row]:
    """Return the rows with columns of other names."""
    return [{names.get(name, name): value for name, value in row.items()} for row in people()]


def each(**made: Callable[[int, Row], Any]) -> list[Row]:
    """Return the rows with columns set for each of them."""
    return [
        row | {name: value(number, row) for name, value in made.items()}
        for number, row in enumerate(people())
    ]


def saved(content: str | bytes, name: str = "rows.csv", encoding: str = "utf-8") -> Make:
    """Return what writes a file and returns the path to type."""

    def make(folder: Path) -> str:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return str(path)

    return make


def lines(rows: list[Row], name: str = "rows.jsonl") -> Make:
    """Return what writes JSON Lines."""
    return saved("".join(json.dumps(row) + "\n" for row in rows), name)


def zipped(folder: Path) -> str:
    """Write a ZIP that is called CSV."""
    path = folder / "rows.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", text())
    return str(path)


def pipe(folder: Path) -> str:
    """Make a named pipe that nobody writes to."""
    path = folder / "rows.csv"
    os.mkfifo(path)
    return str(path)


def folder_called_csv(folder: Path) -> str:
    """Make a folder with the name of a file."""
    (folder / "rows.csv").mkdir()
    return str(folder / "rows.csv")


def link_to_nothing(folder: Path) -> str:
    """Make a link whose end is gone."""
    (folder / "rows.csv").symlink_to(folder / "gone.csv")
    return str(folder / "rows.csv")


def two(first: str, second: str) -> Make:
    """Return what writes two part files and names both by a pattern."""

    def make(folder: Path) -> str:
        (folder / "part-0.csv").write_text(first, encoding="utf-8")
        (folder / "part-1.csv").write_text(second, encoding="utf-8")
        return str(folder / "part-*.csv")

    return make


CSV = text()
HEAD, *BODY = CSV.splitlines(keepends=True)

# name -> (what makes it; the rows that it holds, or the error that refuses it)
CSV_FILES: dict[str, tuple[Make, int | str]] = {
    "plain": (saved(CSV), ROWS),
    "semicolons": (saved(text(delimiter=";")), ROWS),
    "tabs": (saved(text(delimiter="\t"), "rows.tsv"), ROWS),
    "pipes": (saved(text(delimiter="|")), ROWS),
    "latin-1": (saved(CSV, encoding="latin-1"), ROWS),
    "byte order mark": (saved(CSV, encoding="utf-8-sig"), ROWS),
    "utf-16": (saved(CSV, encoding="utf-16"), ROWS),
    "utf-32": (saved(CSV, encoding="utf-32"), "input_unreadable"),
    "crlf": (saved(CSV.replace("\n", "\r\n")), ROWS),
    "cr alone": (saved(CSV.replace("\n", "\r")), ROWS),
    "no last newline": (saved(CSV.rstrip("\n")), ROWS),
    "line breaks in quotes": (saved(text(changed(3, city="Bonn\nam Rhein"))), ROWS),
    "doubled quotes": (saved(text(changed(3, city='the "old" town'))), ROWS),
    "backslash quotes": (saved(CSV.replace("Bonn", '"the \\"old\\", town"')), "input_unreadable"),
    "an open quote": (saved(CSV.replace("Bonn", '"Bonn', 1)), "input_unreadable"),
    "a row too long": (
        saved(HEAD + BODY[0].rstrip("\n") + ",more\n" + "".join(BODY[1:])),
        "input_unreadable",
    ),
    "a row too short": (saved(HEAD + "r999,3\n" + "".join(BODY)), "input_unreadable"),
    "blank lines": (saved(HEAD + "\n".join(BODY) + "\n\n"), ROWS),
    "header alone": (saved(HEAD), "input_unreadable"),
    "empty": (saved(""), "input_unreadable"),
    "blanks": (saved("   \n \n"), "input_unreadable"),
    "no header": (saved("".join(BODY)), "schema_mismatch"),
    "a column twice": (saved(CSV.replace("city", "amount", 1)), "schema_mismatch"),
    "a column without a name": (saved(CSV.replace("city", "", 1)), ROWS),
    "an index column": (saved(text([{"": n} | row for n, row in enumerate(people())])), ROWS),
    "odd column names": (saved(text(renamed(city="die Stadt/%#'\"{} ü", amount="a.b c"))), ROWS),
    "names of ours": (saved(text(renamed(city="prediction_id", amount="batch"))), ROWS),
    "decimal commas": (
        saved(text(each(amount=lambda _, r: f"{r['amount']}".replace(".", ",")), delimiter=";")),
        ROWS,
    ),
    "thousands": (saved(text(each(amount=lambda n, _: f"1,{n + 100}.5"))), ROWS),
    "zero bytes": (saved(CSV.replace("Bonn", "Bo\0nn", 1)), ROWS),
    "escape sequences": (saved(CSV.replace("Bonn", "\x1b[31mBonn")), ROWS),
    "a cell of a megabyte": (saved(text(changed(3, city="x" * 1_000_000))), ROWS),
    "many columns": (
        saved(
            text([r | {f"c{k}": (n * k) % 7 for k in range(200)} for n, r in enumerate(people())])
        ),
        ROWS,
    ),
    "leading zeros": (saved(text(each(id=lambda n, _: f"{n:05d}"))), ROWS),
    "booleans": (saved(text(each(label=lambda _, r: r["label"] == "high"))), ROWS),
    "yes and no": (
        saved(text(each(label=lambda _, r: "yes" if r["label"] == "high" else "no"))),
        ROWS,
    ),
    "words for missing": (
        saved(text(each(city=lambda n, r: ["NA", "NULL", r["city"]][n % 3]))),
        ROWS,
    ),
    "infinite numbers": (
        saved(text(each(amount=lambda n, r: ["inf", "nan", r["amount"]][min(n, 2)]))),
        ROWS,
    ),
    "numbers beyond doubles": (saved(text(changed(3, amount="1e400"))), ROWS),
    "integers beyond 64 bits": (saved(text(each(amount=lambda n, _: 10**25 + n))), ROWS),
    "numbers and words": (
        saved(text(each(amount=lambda n, r: "many" if n == 5 else r["amount"]))),
        ROWS,
    ),
    "one class": (saved(text(each(label=lambda *_: "low"))), "job_invalid"),
    "a class for each row": (saved(text(each(label=lambda n, _: f"text {n}"))), ROWS),
    "no class at all": (saved(text(each(label=lambda *_: ""))), "job_invalid"),
    "keys twice": (saved(text(people() + people()[:2])), ROWS + 2),
    "keys twice, other rows": (saved(text([*people(), people()[0] | {"amount": 3.0}])), ROWS + 1),
    "a missing key": (saved(text(changed(3, id=""))), ROWS),
    "few rows": (saved(text(people(2))), "job_invalid"),
    "surrogates": (saved(CSV.replace("Bonn", "\N{GRINNING FACE}\u202e")), ROWS),
    "gzip": (saved(gzip.compress(CSV.encode()), "rows.csv.gz"), ROWS),
    "gzip cut off": (saved(gzip.compress(CSV.encode())[:-20], "rows.csv.gz"), "input_unreadable"),
    "gzip by content only": (saved(gzip.compress(CSV.encode())), "input_unreadable"),
    "text called gzip": (saved(CSV, "rows.csv.gz"), "input_unreadable"),
    "a zip": (zipped, "input_unreadable"),
    "a picture": (saved(PNG * 40), "input_unreadable"),
    "a spreadsheet": (saved(b"PK\x03\x04" + bytes(400), "rows.xlsx"), "input_unreadable"),
    "no ending": (saved(CSV, "rows"), "input_unreadable"),
    "a folder": (folder_called_csv, "input_unreadable"),
    "a link to nothing": (link_to_nothing, "input_unreadable"),
    "a pipe": (pipe, "input_unreadable"),
    "odd file names": (saved(CSV, "a b%20#?/röws [1] $HOME.csv"), ROWS),
    "parts": (two(HEAD + "".join(BODY[:30]), HEAD + "".join(BODY[30:])), ROWS),
    "an empty part": (two(CSV, ""), ROWS),
    "parts in another order": (
        two(text(people()[:30]), text([dict(reversed(r.items())) for r in people()[30:]])),
        ROWS,
    ),
    "parts with other columns": (
        two(text(people()[:30]), text([r | {"more": 1} for r in people()[30:]])),
        ROWS,
    ),
    "a part without a column": (
        two(
            text(people()[:30]),
            text([{k: r[k] for k in ("id", "amount", "label")} for r in people()[30:]]),
        ),
        ROWS,
    ),
    "json lines": (lines(people()), ROWS),
    "json lines called ndjson": (lines(people(), "rows.ndjson"), ROWS),
    "json lines with objects": (lines(each(place=lambda *_: {"a": 1})), ROWS),
    "json lines with lists": (lines(each(tags=lambda *_: [1, "b"])), ROWS),
    "json lines with gaps": (
        lines(
            [
                r if n % 3 else {k: r[k] for k in ("id", "amount", "label")}
                for n, r in enumerate(people())
            ]
        ),
        ROWS,
    ),
    "json lines of two types": (
        lines(each(amount=lambda n, r: "3" if n == 5 else r["amount"])),
        ROWS,
    ),
    "json lines with a broken line": (
        saved(json.dumps(people()[0]) + "\n{oops\n", "rows.jsonl"),
        "input_unreadable",
    ),
    "json lines with a number": (
        saved(json.dumps(people()[0]) + "\n7\n", "rows.jsonl"),
        "input_unreadable",
    ),
    "json lines with names twice": (
        saved('{"id": 1, "id": 2, "label": "a"}\n' * 3, "rows.jsonl"),
        "input_unreadable",
    ),
    "json lines with a lone surrogate": (
        saved(
            CSV
            and "".join(
                json.dumps(r | {"city": "x"}).replace('"x"', '"\\ud800"') + "\n" for r in people()
            ),
            "rows.jsonl",
        ),
        ROWS,
    ),
    "json lines nested deeply": (
        saved('{"id": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "rows.jsonl"),
        "input_unreadable",
    ),
    "a json array": (saved(json.dumps(people()), "rows.json"), "input_unreadable"),
}
