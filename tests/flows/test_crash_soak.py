"""A short form of `make soak`: SIGKILL at random behind a faulty network, on a real Dovecot."""

from __future__ import annotations

import pytest

from flows.crash_soak import soak
from servers.dovecot import require_dovecot


@pytest.fixture(autouse=True)
def _needs_dovecot() -> None:
    require_dovecot()


@pytest.mark.timeout(240)
def test_random_kills_and_faults_lose_nothing_and_double_nothing() -> None:
    tally = soak(40, seed=4711)
    print(tally)
    assert tally.rejections == 20
    assert tally.clean, tally


@pytest.mark.timeout(240)
def test_bytes_of_a_dead_process_that_land_late_double_nothing() -> None:
    tally = soak(12, seed=4712, delay=2.0)
    assert tally.clean, tally


@pytest.mark.timeout(240)
def test_the_same_suite_sees_the_duplicates_of_search_then_append() -> None:
    tally = soak(16, seed=4712, strategy="search-then-append", delay=5.0)
    assert tally.duplicate_drafts > 0, tally


@pytest.mark.timeout(240)
def test_the_same_suite_sees_the_duplicates_of_append_then_record() -> None:
    tally = soak(12, seed=4712, strategy="append-then-record", delay=2.0)
    assert tally.duplicate_drafts > 0, tally
