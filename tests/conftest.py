"""Fixtures every test may ask for."""

from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot, require_dovecot
from servers.smtp import SmtpSink


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot of the test's own, empty; up in 30 ms, gone in 100 ms."""
    require_dovecot()
    with Dovecot() as server:
        yield server


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server that keeps what it is sent."""
    with SmtpSink() as sink:
        yield sink


def pytest_addoption(parser: pytest.Parser) -> None:
    """For letters changed on purpose: see tests/edges/test_letters_rendered.py."""
    parser.addoption("--write-letters", action="store_true", help="write the rendered letters anew, to be read through")
