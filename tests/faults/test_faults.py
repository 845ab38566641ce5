"""A few of the random instants of ``make faults``; the whole of them takes minutes."""

from pathlib import Path

from tests.faults.harness import KINDS, Harness


def test_whatever_is_killed_everything_acknowledged_is_there_once(data_folder: Path, tmp_path: Path) -> None:
    told: list[str] = []
    report = Harness(data_folder, tmp_path, seed=3).run(2 * len(KINDS), told.append)
    assert report.faults == [], "\n".join(told)
    assert {instant.kind for instant in report.instants} == set(KINDS)
    assert report.acknowledged > 200
    assert report.lost, "no answer was ever lost: the kills came at no bad moment"
