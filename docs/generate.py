"""Write docs/reference from the code, or check that it is current.

Run it as `python -m docs.generate` or `python -m docs.generate --check`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from functions.cli.commands import recheck
from infra.settings import ALSO, Settings
from labeling.answers import current
from pipelines.errors import RecheckError
from pipelines.job.job_file import Job
from pipelines.tables import schemas

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by `make docs` from the code: change it there. -->"
Schema = Mapping[str, Any]


def main() -> None:
    """Write every page; with `--check`, write nothing and fail where one differs."""
    check = "--check" in sys.argv[1:]
    stale = [name for name, text in pages().items() if _read(FOLDER / name) != text]
    if check and stale:
        sys.exit(f"error: not current: {', '.join(stale)}\nhint: run `make docs`, then commit")
    for name in stale:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/reference/{name}")


def pages() -> dict[str, str]:
    """Return every page by its name."""
    made = {
        "cli.md": commands(),
        "errors.md": errors(),
        "job.md": job(),
        "settings.md": settings(),
        "tables.md": tables(),
    }
    return {name: f"{NOTE}\n\n{text.strip()}\n" for name, text in made.items()}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


# ---------------------------------------------------------------- commands


def commands() -> str:
    """Return the page of every command's help, as the terminal shows it."""
    helps = "\n\n".join(
        f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(recheck, None)
    )
    return f"# Commands\n\n{helps}"


def _helps(command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    name = command.name if parent else "recheck"
    settings = {**command.context_settings, "terminal_width": 96, "max_content_width": 96}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command.get_help(context)
    for child in getattr(command, "commands", {}).values():
        yield from _helps(child, context)


# ---------------------------------------------------------------- errors


def errors() -> str:
    """Return the page of every exit code."""
    rows = [
        ["0", "", "", "done"],
        ["1", f"`{RecheckError('', fix='').code}`", "", "failed, or found a violation (`doctor`)"],
        ["2", "`usage`", "", "the command line cannot be understood"],
        *([str(kind.exit_code), *_error(kind)] for kind in kinds(RecheckError)),
        ["10", "", "", "ran well, but an alert fired"],
    ]
    rows.sort(key=lambda row: int(row[0]))
    return f"""# Errors

With `--json`, a failure is `{{"error": {{"code", "problem", "fix"}}}}` on stdout; without it, `error: …`
and `hint: …` on stderr. Where batches failed beside others that went well, `batches` lists all of them, a failed
one as `{{"batch", "status": "failed", "error"}}`; the error of the first is the command's. The exit code tells which one it was. Where "again" says so, the same
command may work later without a change.

{_table(["exit code", "code", "again", "what it means"], rows)}"""


def kinds(kind: type[RecheckError]) -> Iterator[type[RecheckError]]:
    """Yield every error below one that has an exit code of its own."""
    for child in kind.__subclasses__():
        if "exit_code" in vars(child):
            yield child
        yield from kinds(child)


def _error(kind: type[RecheckError]) -> list[str]:
    name = kind("", fix="").code
    return [f"`{name}`", "yes" if kind.retryable else "", _summary(kind).rstrip(".")]


# ---------------------------------------------------------------- job file


def job() -> str:
    """Return the page of the job file: one table per section."""
    schema = Job.model_json_schema(by_alias=True)
    parts = "\n\n".join(_section(name, one) for name, one in _sections("", schema, schema["$defs"]))
    return f"""# The job file

`recheck init` writes one from a look at the data. It says what to run; where to run is
[settings](settings.md). A key that is not listed here is an error, and so is a value of another type.

{parts}"""


def _sections(path: str, schema: Schema, known: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield each table of the file with its heading, in the order of the model."""
    yield path, schema
    for name, field in schema["properties"].items():
        inner = f"{path}.{name}" if path else name
        if field.get("type") == "array":
            yield from _deeper(f"[{inner}]", field.get("items", {}), known)
        elif "additionalProperties" in field:
            yield from _deeper(f"{inner}.NAME", field["additionalProperties"], known)
        else:
            yield from _deeper(inner, field, known)


def _deeper(path: str, field: Schema, known: Schema) -> Iterator[tuple[str, Schema]]:
    if not isinstance(field, Mapping):  # `additionalProperties = true`: free keys
        return
    options = field.get("oneOf") or field.get("anyOf") or [field]
    references = [one["$ref"].rpartition("/")[2] for one in options if "$ref" in one]
    for name in references:
        yield from _sections(path, known[name], known)


def _section(path: str, schema: Schema) -> str:
    kind = schema["properties"].get("kind", {}).get("const")
    heading = f"## `[{path}]`" if path else "## At the top"
    heading += f" with `kind = {_literal(kind)}`" if kind else ""
    about = str(schema.get("description", "")).split("\n\n")[0].replace("\n", " ")
    required = schema.get("required", [])
    rows = [
        [f"`{name}`", _type(field), default(field, needed=name in required), _description(field)]
        for name, field in schema["properties"].items()
        if not _is_section(field)
    ]
    table = _table(["key", "type", "default", "what it says"], rows) if rows else ""
    return f"{heading}\n\n{about}\n\n{table}".rstrip()


def _is_section(field: Schema) -> bool:
    """Whether a key is a table of its own, so it gets a section instead of a line."""
    options = [*field.get("anyOf", []), field.get("items", {}), field.get("additionalProperties")]
    return any(
        "$ref" in one or "oneOf" in one for one in [field, *options] if one and one is not True
    )


def _type(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"] if one.get("type") != "null")
    if "const" in field or "enum" in field:
        return " or ".join(f"`{_literal(one)}`" for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        items = field.get("items") or {"type": "any"}
        return f"list of {_type(items)}"
    return str(field.get("type", "any")).replace("object", "table") + _limits(field)


def _limits(field: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {field[name]:,}" for name, sign in signs.items() if name in field]
    return f", {' and '.join(found)}" if found else ""


def default(field: Schema, *, needed: bool) -> str:
    """Return what stands in the column of defaults: nothing for a null."""
    if needed or "default" not in field or field["default"] is None:
        return "**required**" if needed else ""
    return f"`{_literal(field['default'])}`"


def _literal(value: object) -> str:
    """Return a value as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _description(field: Schema) -> str:
    return str(field.get("description", "")).replace("\n", " ")


# ---------------------------------------------------------------- settings


def settings() -> str:
    """Return the page of every setting, with its environment variables."""
    schema = Settings.model_json_schema()
    fields = schema["properties"]
    [channel] = fields["notify"]["patternProperties"].values()
    channels = _deeper("notify.NAME", channel, schema["$defs"])
    kinds_of_channels = "\n\n".join(_section(name, one) for name, one in channels)
    rows = [
        [
            f"`{name}`",
            _variables(name),
            _type(field),
            default(field, needed=False),
            _description(field),
        ]
        for name, field in fields.items()
    ]
    return f"""# Settings

Settings say where to run: defaults < file < environment. The file is the one that `RECHECK_SETTINGS`
names, else `~/.config/recheck/settings.toml`. What to run is the [job file](job.md).

{_table(["setting", "environment", "type", "default", "what it says"], rows)}

{kinds_of_channels}"""


def _variables(name: str) -> str:
    names = [f"RECHECK_{name.upper()}", *([ALSO[name]] if name in ALSO else [])]
    return " or ".join(f"`{one}`" for one in names)


# ---------------------------------------------------------------- tables


def tables() -> str:
    """Return the page of every table, with the comments that stand beside its columns."""
    comments = _comments(inspect.getsource(schemas))
    parts = []
    for name, schema in schemas.TABLES.items():
        said = {field.name: comments.get((name, field.name), "") for field in schema}
        parts.append(f"## {name}\n\n{_columns(schema, said)}")
    joined = "\n\n".join(parts)
    return f"# Tables\n\n{_body(schemas)}\n\n{joined}\n\n{_LABELS}\n\n{_computed_labels()}"


_LABELS = """## labels

Only in `recheck query`, computed from `annotations` and `questions` as they are now: what people say of each row."""


def _computed_labels() -> str:
    said = re.findall(r'pa\.field\("(\w+)".*?\),  # (.*)', inspect.getsource(current))
    return _columns(current.LABELS, dict(said))


def _columns(schema: pa.Schema, said: Mapping[str, str]) -> str:
    rows = [[f"`{f.name}`", f"`{f.type}`", said.get(f.name, "")] for f in schema]
    return _table(["column", "type", "what it says"], rows)


def _comments(source: str) -> dict[tuple[str, str], str]:
    """Return the comment of each column, by table and column."""
    found, table = {}, ""
    for line in source.splitlines():
        if begin := re.match(r"([A-Z_]+) = _schema\(", line):
            table = begin[1].lower()
        elif column := re.match(r"    (\w+)=.*?,  # (.*)", line):
            found[table, column[1]] = column[2]
    return found


# ---------------------------------------------------------------- Markdown


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines
    )


def _summary(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _body(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[2]


if __name__ == "__main__":
    main()
