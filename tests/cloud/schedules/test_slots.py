"""When a schedule is due: days and hours, days of 23 and 25 hours, a clock that is put right."""

from datetime import UTC, datetime, timedelta

import pytest

from imsconsole.cloud.models import BackupSchedule
from imsconsole.cloud.schedules.slots import next_slot, plan
from imsconsole.core import now as clock
from imsconsole.core.now import now


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(hour: int, zone: str = "UTC", weekdays: tuple[int, ...] = ()) -> BackupSchedule:
    return BackupSchedule(hour=hour, time_zone=zone, weekdays=list(weekdays))


def slots(made: BackupSchedule, after: str, count: int) -> list[str]:
    found, moment = [], at(after)
    for _ in range(count):
        moment = next_slot(made, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


def test_daily_is_once_a_day_at_the_hour_of_its_zone():
    assert slots(schedule(2, "Asia/Shanghai"), "2026-11-29 18:00", 2) == [
        "2026-11-30 18:00",
        "2026-12-01 18:00",
    ]


def test_weekly_is_on_its_days():
    # 30 November 2026 is a Monday
    assert slots(schedule(2, weekdays=(0, 3)), "2026-11-30 02:00", 3) == [
        "2026-12-03 02:00",
        "2026-12-07 02:00",
        "2026-12-10 02:00",
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "after", "found"),
    [
        # the clocks go from 2 to 3 on 8 March 2026
        ("America/New_York", 2, "2026-03-08 00:00", ["2026-03-08 07:00", "2026-03-09 06:00"]),
        # and from 2 back to 1 on 1 November
        ("America/New_York", 1, "2026-11-01 00:00", ["2026-11-01 05:00", "2026-11-02 06:00"]),
        # on 30 December 2011 there was no such day
        ("Pacific/Apia", 10, "2011-12-29 20:00", ["2011-12-30 20:00", "2011-12-31 20:00"]),
    ],
    ids=["23 hours", "25 hours", "no day"],
)
def test_a_day_of_another_length_has_one_time_all_the_same(zone, hour, after, found):
    assert slots(schedule(hour, zone), after, 2) == found


def test_a_zone_that_nobody_knows_any_more_is_that_of_the_console(settings):
    settings.IMS_TIME_ZONE = "Asia/Shanghai"
    assert slots(schedule(2, "Mars/Olympus"), "2026-11-29 00:00", 1) == ["2026-11-29 18:00"]


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(hours=20)])
def test_a_clock_put_back_runs_no_time_twice(back):
    made = schedule(now().hour)
    made.last_run_at = now()
    plan(made)
    following = made.next_at
    clock.move(-back)
    plan(made)
    assert made.next_at == following


def test_what_a_wrong_clock_ran_in_a_year_keeps_nothing_from_running_now():
    made = schedule(2)
    made.last_run_at = now() + timedelta(days=365)
    plan(made)
    assert made.next_at - now() <= timedelta(days=1)
