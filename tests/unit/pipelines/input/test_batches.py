"""Which batch a row belongs to, against Python's own calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SchemaMismatch
from pipelines.formats.file_rules import FIRST
from pipelines.input.batches import local_micros, membership, period_end
from pipelines.job.rules import BatchRule
from pipelines.job.sections import BatchedBy, Batches

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
MOMENTS = st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 27))  # noqa: DTZ001  # naive on purpose
KNOWN = st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 27))  # noqa: DTZ001
FORMS: dict[BatchedBy, Callable[[datetime], str]] = {
    "hour": lambda local: local.isoformat()[:13],
    "day": lambda local: local.date().isoformat(),
    "week": lambda local: "{:04d}-W{:02d}".format(*local.isocalendar()[:2]),
    "month": lambda local: local.date().isoformat()[:7],
}


def rule(by: BatchedBy, zone: str = "UTC", column: str = "at") -> BatchRule:
    return BatchRule(by, column, zone)


def names(column: pa.Array, how: BatchRule, path_batch: str | None = None) -> list[str]:
    """The batch of each row."""
    found = membership(pa.record_batch([column], names=[how.column]), how, path_batch)
    return [found.names[code] for code in found.codes]


@pytest.mark.parametrize("by", list(FORMS))
@given(moments=st.lists(KNOWN, min_size=1, max_size=8), zone=st.sampled_from(ZONES))
def test_a_moment_falls_into_the_period_on_the_wall_of_the_jobs_zone(
    by: BatchedBy, moments: list[datetime], zone: str
) -> None:
    """Midnight is where the job says, in winter and in summer, in year 33 as in 2040."""
    aware = [moment.replace(tzinfo=UTC) for moment in moments]

    found = names(pa.array(aware, pa.timestamp("us", tz="UTC")), rule(by, zone))

    assert found == [FORMS[by](moment.astimezone(ZoneInfo(zone))) for moment in aware]


@pytest.mark.parametrize("by", list(FORMS))
@given(moment=MOMENTS, zone=st.sampled_from(ZONES))
def test_a_time_without_a_zone_stands_as_it_is(by: BatchedBy, moment: datetime, zone: str) -> None:
    assert names(pa.array([moment], pa.timestamp("us")), rule(by, zone)) == [FORMS[by](moment)]


@pytest.mark.parametrize(
    ("utc", "hour", "day"),
    [
        ("2026-03-29T00:59:59+00:00", "2026-03-29T01", "2026-03-29"),  # the clock springs forward
        ("2026-03-29T01:00:00+00:00", "2026-03-29T03", "2026-03-29"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25T02", "2026-10-25"),  # and falls back
        ("2026-10-25T01:30:00+00:00", "2026-10-25T02", "2026-10-25"),
        ("2026-10-25T23:00:00+00:00", "2026-10-26T00", "2026-10-26"),
    ],
)
def test_the_hour_that_comes_twice_is_one_batch(utc: str, hour: str, day: str) -> None:
    column = pa.array([utc])

    assert names(column, rule("hour", "Europe/Berlin")) == [hour]
    assert names(column, rule("day", "Europe/Berlin")) == [day]


@pytest.mark.parametrize(
    ("first", "week"),
    [("2024-12-30", "2025-W01"), ("2021-01-03", "2020-W53"), ("2026-01-01", "2026-W01")],
)
def test_a_week_belongs_to_the_year_of_its_thursday(first: str, week: str) -> None:
    assert names(pa.array([date.fromisoformat(first)]), rule("week")) == [week]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_every_unit_of_time_says_the_same(unit: str, zone: str | None) -> None:
    """The last tick before midnight in Tokyo is still that day."""
    last = 1_000_000_000 // {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit] - 1
    ticks = (last + 1) * 1_795_186_799 + last  # the last moment before 15:00 UTC
    column = pa.array([ticks], pa.int64()).cast(pa.timestamp(unit, tz=zone))

    assert names(column, rule("day", "Asia/Tokyo")) == ["2026-11-20"]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_are_days(kind: pa.DataType) -> None:
    column = pa.array([date(2026, 11, 20), None], kind)

    assert names(column, rule("day", "Asia/Tokyo")) == ["2026-11-20", "unknown"]


TIMES = {
    "2026-03-29 01:30:00": "2026-03-29",
    "2026-03-28T23:30:00Z": "2026-03-29",  # Berlin is an hour ahead
    "2026-03-28T23:30:00+00:00": "2026-03-29",
    "2026-03-28T23:30": "2026-03-28",
    "2026-03-28": "2026-03-28",
    "20260328": "2026-03-28",
    "yesterday": "unknown",
    "2026-02-30": "unknown",
    "0000-01-01": "unknown",
    "": "unknown",
    None: "unknown",
}


@given(st.lists(st.sampled_from(list(TIMES)), min_size=1, max_size=6))
def test_a_text_is_read_the_same_whatever_stands_beside_it(texts: list[str | None]) -> None:
    """One bad value must not move its neighbours to another day."""
    found = names(pa.array(texts, pa.string()), rule("day", "Europe/Berlin"))

    assert found == [TIMES[text] for text in texts]


def test_times_beyond_the_calendar_are_unknown_not_wrapped() -> None:
    """Seconds that microseconds cannot hold would come out as a plausible day."""
    seconds = pa.array([10**15, -(10**15), 0], pa.int64()).cast(pa.timestamp("s"))

    assert names(seconds, rule("day")) == ["unknown", "unknown", "1970-01-01"]


def test_bytes_that_are_no_text_are_no_time() -> None:
    column = pa.array([b"2026-01-05", b"\xff"], pa.binary()).view(pa.string())

    assert names(column, rule("day")) == ["2026-01-05", "unknown"]


@pytest.mark.parametrize(
    "column", [pa.array([20260105]), pa.array([1.5]), pa.array([True]), pa.array([b"x"])]
)
def test_numbers_are_no_times(column: pa.Array) -> None:
    """An integer would be read as microseconds, all of them in January 1970."""
    with pytest.raises(SchemaMismatch, match="the time column holds"):
        names(column, rule("day"))


@pytest.mark.parametrize("number", ["1791176400", "1791176400000", "1791176400000000"])
def test_numbers_since_1970_are_refused_with_the_key_that_says_their_unit(number: str) -> None:
    """Whether they are written as numbers, or as text like everything in CSV."""
    for column in (pa.array([int(number)]), pa.array([number, None])):
        with pytest.raises(SchemaMismatch, match="the time column holds") as refused:
            names(column, rule("day"))
        unit = {10: "s", 13: "ms", 16: "us"}[len(number)]
        assert f'data.time_unit = "{unit}"' in refused.value.fix


def test_a_unit_makes_times_of_numbers() -> None:
    """05:00 in UTC is 14:00 in Tokyo; what is no number of that unit belongs to no batch."""
    by_hour = BatchRule("hour", "at", "Asia/Tokyo", unit="ms")

    found = names(pa.array(["1791176400000", "1791176400", "x", None]), by_hour)

    assert found == ["2026-10-05T14", "unknown", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array(["b", None, "a", "b"]), ["b", "unknown", "a", "b"]),
        (pa.array(["", "a", "", "c"]), ["unknown", "a", "unknown", "c"]),
        (pa.array([3, None]), ["3", "unknown"]),
        (pa.array([3.0, float("nan")]), ["3", "unknown"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([date(2026, 1, 5), None]), ["2026-01-05", "unknown"]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", "unknown", "x"]),
        (pa.array([b"a", b"\xff"], pa.binary()).view(pa.string()), ["a", "unknown"]),
        (pa.nulls(2), ["unknown", "unknown"]),
        (pa.nulls(2, pa.string()), ["unknown", "unknown"]),
    ],
    ids=str,
)
def test_a_value_is_a_batch_of_that_name(column: pa.Array, wanted: list[str]) -> None:
    """What names no batch is in `unknown`; an empty text could not name a folder."""
    assert names(column, rule("column", column="group")) == wanted


def test_a_value_that_reads_unknown_is_told_from_no_value() -> None:
    """Only rows without a batch are faulty, though both are in the batch `unknown`."""
    rows = pa.record_batch([pa.array(["unknown", None, "a"])], names=["group"])

    found = membership(rows, rule("column", column="group"), None)

    assert [found.names[code] for code in found.codes] == ["unknown", "unknown", "a"]
    assert found.unknown is not None
    assert found.unknown.tolist() == [False, True, False]


def test_the_path_names_the_batch() -> None:
    assert names(pa.array([1, 2]), rule("path"), "2026-11") == ["2026-11"] * 2


def test_without_a_rule_all_rows_are_one_batch() -> None:
    assert names(pa.array([1, 2]), rule("all")) == ["all", "all"]


def test_no_rows_belong_to_no_batch() -> None:
    assert names(pa.array([], pa.timestamp("us")), rule("day")) == []


@given(KNOWN, st.sampled_from(ZONES), st.sampled_from(list(FORMS)))
def test_a_period_ends_after_each_of_its_moments(
    moment: datetime, zone: str, by: BatchedBy
) -> None:
    """And not more than its length later, but for the hour that comes twice."""
    aware = moment.replace(tzinfo=UTC)
    [batch] = names(pa.array([aware], pa.timestamp("us", tz="UTC")), rule(by, zone))

    end = period_end(batch, Batches(by=by, timezone=zone))

    longest = {"hour": 1, "day": 24, "week": 168, "month": 31 * 24}[by]
    assert end is not None
    assert timedelta(0) < end - aware <= timedelta(hours=longest + 1)


def test_a_day_lasts_until_midnight_in_its_zone() -> None:
    """The day on which clocks fall back has 25 hours."""
    end = period_end("2026-10-25", Batches(by="day", timezone="Europe/Berlin"))

    assert end == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_settling_takes_hours_that_pass() -> None:
    """Not hours on the wall, of which the night of the change has one less."""
    end = period_end("2026-03-28", Batches(by="day", timezone="Europe/Berlin", settle=24))

    assert end == datetime(2026, 3, 29, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("batch", "by"),
    [
        ("2026-02-30", "day"),
        ("2026-W60", "week"),
        ("2026-11-20T24", "hour"),
        ("9999-12-31", "day"),
        ("0000-01-01", "day"),
        ("\u0662\u0660\u0662\u0666-01-01", "day"),  # digits, but not ours
        ("unknown", "day"),
        ("2026-11-20", "column"),
        ("all", "all"),
    ],
)
def test_what_is_no_period_has_no_end(batch: str, by: BatchedBy) -> None:
    column = "c" if by == "column" else None

    assert period_end(batch, Batches(by=by, column=column)) is None


def test_unusable_times_are_the_smallest_integer() -> None:
    found = local_micros(pa.array([None, datetime(1970, 1, 1, tzinfo=UTC)]), "UTC")

    assert found.tolist() == [np.iinfo(np.int64).min, 0]


def test_a_text_that_is_a_number_is_no_time() -> None:
    """Milliseconds since 1970 once were the 18th century; batches that were scored so stay so."""
    column = pa.array(["1792031960139", "2026-10-05"])

    assert names(column, rule("day")) == ["unknown", "2026-10-05"]
    assert local_micros(column, "UTC", FIRST).tolist()[0] != np.iinfo(np.int64).min


@pytest.mark.parametrize("form", ["{} UTC", "{} +0000", "{}+00:00", "{}Z"])
def test_utc_is_utc_however_it_is_spelled(form: str) -> None:
    """By the fast parser of a whole column, and beside a text that it does not know."""
    text = form.format("2026-10-05 23:30:00")

    for column in (pa.array([text]), pa.array([text, "5 Oct 2026"])):
        assert names(column, rule("day", "Europe/Berlin"))[0] == "2026-10-06"
