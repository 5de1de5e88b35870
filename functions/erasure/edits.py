"""The edits that forget a row: it becomes a tombstone where figures need it, and is gone elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from functions.erasure.forgetting import Forgetting
from functions.erasure.rewriting import Rewriting
from functions.erasure.tombstones import tombstone_key
from infra.store import Store
from pipelines.tables.delta_edits import quoted
from pipelines.tables.schemas import PARTITIONED_BY
from pipelines.tables.snapshot import Tables

FORGOTTEN = "forgotten"  # the source of an answer, once its task is gone
_EDITED = ("designs", "samples", "questions", "annotations", "runs")


def edit(
    store: Store, tables: Tables, plan: Forgetting, files: Sequence[Rewriting], key: str
) -> None:
    """Put tombstones in the place of a row, table by table; to be repeated after a kill.

    Args:
        store: whose tables.
        tables: a snapshot of the job's.
        plan: what is forgotten.
        files: of tables that are kept by batch.
        key: of the row.
    """
    mine, run = f"job = {quoted(tables.job)}", plan.run
    ids = f"{mine} AND prediction_id IN ({_list(plan.ids)})"
    store.table("questions").delete(ids, run)
    store.table("annotations").update(ids, _answer_values(plan), run)
    store.table("samples").update(ids, _sample_values(plan), run)
    if plan.populations:
        digests = {"population_digest": _case("population_digest", plan.populations)}
        drawn_from = f"{mine} AND population_digest IN ({_list(plan.populations)})"
        store.table("designs").update(drawn_from, digests, run)
    for one in files:
        partition = {"job": tables.job, "batch": one.batch}
        store.table(one.table).exchange(partition, list(one.files.values()), run)
    if told := _told(tables, key):
        store.table("runs").update(f"{mine} AND ({told})", _untold(key), run)


def clean(store: Store, job: str) -> None:
    """Remove every file, and every text of a log, that is left of what was edited."""
    for name in (*PARTITIONED_BY, *_EDITED):
        store.table(name).sweep({"job": job})
        store.table(name).drop_history()


def _sample_values(plan: Forgetting) -> dict[str, str]:
    keys = {old: tombstone_key(new) for old, new in plan.ids.items()}
    return {
        "prediction_id": _case("prediction_id", plan.ids),
        "key": _case("prediction_id", keys, otherwise="key"),
        "shown": "'{}'",
        "shown_digest": _case("shown_digest", plan.questions),
    }


def _answer_values(plan: Forgetting) -> dict[str, str]:
    return {
        "prediction_id": _case("prediction_id", plan.ids),
        "shown_digest": _case("shown_digest", plan.questions),
        "annotation_id": _case("annotation_id", plan.answers),
        "source": quoted(FORGOTTEN),
    }


def _told(tables: Tables, key: str) -> str:
    """Return a condition on runs whose error names the key; empty where none does."""
    spelled = _spelled(key)
    errors = tables.read("runs", ["error"])["error"].to_pylist()
    if not any(one in (error or "") for error in errors for one in spelled):
        return ""
    return " OR ".join(f"strpos(error, {quoted(one)}) > 0" for one in spelled)


def _untold(key: str) -> dict[str, str]:
    value = "error"
    for one in _spelled(key):
        value = f"replace({value}, {quoted(one)}, '(forgotten)')"
    return {"error": value}


def _spelled(key: str) -> list[str]:
    return [f"'{key}'", f'"{key}"']


def _case(column: str, values: Mapping[str, str], otherwise: str | None = None) -> str:
    """Return in SQL the value that stands in the place of a column's."""
    if not values:
        return otherwise or column
    whens = " ".join(f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in values.items())
    return f"CASE {column} {whens} ELSE {otherwise or column} END"


def _list(values: Iterable[str]) -> str:
    return ", ".join(map(quoted, values))
