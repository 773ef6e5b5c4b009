"""Recorded traces: what can be read, and which line is wrong when it cannot."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controlplane.common.errors import InvalidInput
from controlplane.demo import trace
from controlplane.demo.trace import read

START = datetime(2026, 1, 5, tzinfo=UTC)
HEADER = "timestamp,requests"


def rows(count: int = 200, *, step: int = 60, value: str = "7") -> list[str]:
    """Lines of a trace, without the header."""
    times = (START + timedelta(seconds=step * index) for index in range(count))
    return [f"{moment:%Y-%m-%d %H:%M:%S},{value}" for moment in times]


def write(tmp_path: Path, lines: list[str], name: str = "my_Trace.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(path)
    assert caught.value.code.startswith("trace.")
    return caught.value.detail


def test_requests_are_read_with_their_time_and_step(tmp_path: Path) -> None:
    found = read(write(tmp_path, [HEADER, *rows()]))

    assert (found.name, found.counted) == ("my-trace", "requests")
    assert (found.start, found.step) == (START.timestamp(), 60.0)
    assert found.requests.tolist() == [7.0] * 200
    assert found.mean_rate == pytest.approx(7 / 60)
    assert np.isnan(found.input_tokens).all()


def test_values_tokens_other_columns_and_any_order_of_columns_are_read(tmp_path: Path) -> None:
    lines = [f"x,{row.split(',')[1]},50,{row.split(',')[0]},9" for row in rows()]
    found = read(write(tmp_path, ["host,Value,output_tokens, TimeStamp ,input_tokens", *lines]))

    assert found.counted == "value"
    assert (found.output_tokens[0], found.input_tokens[0]) == (50.0, 9.0)


def test_a_gzip_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv.gz"
    text = "\ufeff" + "\r\n".join([HEADER, *rows()])
    path.write_bytes(gzip.compress(text.encode()))

    assert read(path).name == "chat"


def test_unix_seconds_and_zones_are_understood(tmp_path: Path) -> None:
    unix = [f"{1_767_571_200 + 60 * index},3" for index in range(150)]
    zoned = [row.replace(",", "+08:00,") for row in rows(150)]

    assert read(write(tmp_path, [HEADER, *unix])).start == START.timestamp()
    assert read(write(tmp_path, [HEADER, *zoned])).start == START.timestamp() - 8 * 3600


def test_blanks_and_missing_rows_are_unknown_and_not_zero(tmp_path: Path) -> None:
    lines = rows()
    lines[3] = lines[3].split(",")[0] + ","
    del lines[10:13]
    found = read(write(tmp_path, [HEADER, *lines]))

    assert np.flatnonzero(np.isnan(found.requests)).tolist() == [3, 10, 11, 12]


def test_only_tokens_stand_in_for_requests_that_are_all_blank(tmp_path: Path) -> None:
    lines = [row.split(",")[0] + ",,4893," for row in rows()]
    found = read(write(tmp_path, [f"{HEADER},input_tokens,output_tokens", *lines]))

    assert found.counted == "input_tokens"
    assert found.requests[0] == 4893.0


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    assert read(write(tmp_path, [HEADER, "", *rows(), "  ", ""])).requests.size == 200


@pytest.mark.parametrize(
    ("cell", "line"), [("nan", 5), ("-3", 5), ("inf", 5), ("1,5", 5), ("many", 5), ("0x10", 5)]
)
def test_a_count_that_is_none_is_named_with_its_line(tmp_path: Path, cell: str, line: int) -> None:
    lines = [HEADER, *rows()]
    lines[line - 1] = f'{lines[line - 1].split(",")[0]},"{cell}"'

    assert f"line {line}: '{cell}'" in refused(write(tmp_path, lines))


@pytest.mark.parametrize("cell", ["yesterday", "", "2026-13-01 00:00:00", "-5"])
def test_a_time_that_is_none_is_named_with_its_line(tmp_path: Path, cell: str) -> None:
    lines = [HEADER, *rows()]
    lines[7] = f"{cell},3"

    assert "line 8" in refused(write(tmp_path, lines))


def test_times_that_go_back_or_repeat_are_refused(tmp_path: Path) -> None:
    back, twice = [HEADER, *rows()], [HEADER, *rows()]
    back[20], back[21] = back[21], back[20]
    twice.insert(10, twice[9])

    assert "line 22" in refused(write(tmp_path, back))
    assert "line 11" in refused(write(tmp_path, twice))


def test_an_irregular_step_is_refused(tmp_path: Path) -> None:
    lines = [HEADER, *rows()]
    lines[50] = f"{START + timedelta(minutes=49, seconds=23):%Y-%m-%d %H:%M:%S},7"

    assert "does not fit the usual 60 s" in refused(write(tmp_path, lines))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("time,requests", "timestamp and requests"),
        ("timestamp,count", "timestamp and requests"),
        ("timestamp,requests,requests", "requests is there twice"),
        ("2026-01-05 00:00:00,7", "timestamp and requests"),
    ],
)
def test_a_header_that_lacks_something_is_refused(tmp_path: Path, header: str, said: str) -> None:
    detail = refused(write(tmp_path, [header, *rows()]))

    assert "line 1" in detail
    assert said in detail


def test_files_that_hold_too_little_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()

    assert "empty" in refused(empty)
    assert "0 rows" in refused(write(tmp_path, [HEADER]))
    assert "23 rows" in refused(write(tmp_path, [HEADER, *rows(23)]))
    assert "two hours" in refused(write(tmp_path, [HEADER, *rows(100, step=5)]))
    assert "above zero" in refused(write(tmp_path, [HEADER, *rows(value="0")]))
    assert "above zero" in refused(write(tmp_path, [HEADER, *rows(value="")]))


def test_a_step_of_days_or_of_less_than_a_second_is_refused(tmp_path: Path) -> None:
    quick = [f"{1_767_571_200 + 0.5 * index},3" for index in range(100)]

    assert "can be replayed" in refused(write(tmp_path, [HEADER, *rows(50, step=3 * 86400)]))
    assert "can be replayed" in refused(write(tmp_path, [HEADER, *quick]))


def test_files_that_are_not_what_their_name_says_are_refused(tmp_path: Path) -> None:
    plain = write(tmp_path, [HEADER, *rows()], "plain.csv.gz")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress("\n".join([HEADER, *rows()]).encode())[:-40])
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\x80\x81\x82\x00" * 50)

    assert "gzip" in refused(plain)
    assert "gzip" in refused(cut)
    assert "UTF-8" in refused(binary)
    assert "cannot be read" in refused(tmp_path / "nowhere.csv")
    assert "cannot be read" in refused(tmp_path)


def test_quotes_that_never_close_are_refused(tmp_path: Path) -> None:
    lines = [HEADER, *rows()]
    lines[4] = '2026-01-05 00:03:00,"7'

    assert "CSV" in refused(write(tmp_path, lines))


def test_a_file_that_is_too_large_is_refused_before_it_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "MAX_ROWS", 100)
    rows_too_many = refused(write(tmp_path, [HEADER, *rows()]))
    monkeypatch.setattr(trace, "MAX_BYTES", 1000)
    too_large = refused(write(tmp_path, [HEADER, *rows()]))
    one_line = tmp_path / "bomb.csv.gz"
    one_line.write_bytes(gzip.compress(b"x" * 10_000_000))

    assert "line 102: more than 100 rows" in rows_too_many
    assert "cut it" in too_large
    assert "line 1 has over 4096 characters" in refused(one_line)


def test_a_far_away_last_row_does_not_fill_the_memory(tmp_path: Path) -> None:
    lines = [HEADER, *rows(), "2090-01-05 00:00:00,1"]

    assert "spans over" in refused(write(tmp_path, lines))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("burstgpt_week1_tokens.csv.gz", "burstgpt-week1-tokens"),
        ("Über Chat (2).CSV", "ber-chat-2"),
        ("___.csv", "trace"),
        (f"{'a' * 90}.csv", "a" * 63),
    ],
)
def test_the_workload_is_named_after_the_file(tmp_path: Path, file: str, name: str) -> None:
    path = tmp_path / file
    text = "\n".join([HEADER, *rows()]).encode()
    path.write_bytes(gzip.compress(text) if file.endswith(".gz") else text)

    assert read(path).name == name
