"""Reminders reach the person once, whatever happens to the program, the server or the clock."""

from __future__ import annotations

import email
from collections.abc import Callable
from email import policy

import pytest

from flows.home import OWN, Home, rejection
from servers.smtp import DROP, SmtpSink

MAIL_ONLY = {"reminders": {"desktop": False}}


@pytest.fixture
def booked(make_home: Callable[..., Home]) -> Home:
    """A home with a session booked, its first word already laid into the inbox."""
    home = make_home(settings=MAIL_ONLY)
    home.deliver(rejection())
    home.settle()
    return home


def kinds(home: Home) -> list[str]:
    rows = home.rows(
        """SELECT key FROM effect WHERE kind = 'notify_mail' AND state = 'done' AND key NOT LIKE '%:letter:%'
           ORDER BY due_at"""
    )
    return [str(row["key"]).rpartition(":")[2] for row in rows]


def test_without_smtp_a_word_is_laid_into_the_inbox_at_once(booked: Home) -> None:
    assert len(booked.reminders) == 1
    mail = email.message_from_bytes(booked.reminders[0], policy=policy.default)
    assert mail["To"] == f"Sam Doe <{OWN}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body()
    assert body is not None
    assert "A short thank-you waits in your Drafts" in body.get_content()
    attached = [part.get_content_type() for part in mail.iter_attachments()]
    assert attached == ["text/calendar"]


def test_our_own_word_in_the_inbox_is_not_taken_for_news(booked: Home) -> None:
    booked.run()
    assert booked.rows(
        "SELECT DISTINCT label FROM verdict JOIN message ON key = message_key WHERE sender_email = :own", own=OWN
    ) == [{"label": "other"}]
    assert len(booked.sessions) == 1


def test_each_reminder_comes_once_and_in_order(booked: Home) -> None:
    booked.clock.forward(days=4)
    for _ in range(5):
        booked.settle()
    assert sorted(kinds(booked)) == ["after", "booked", "soon"]
    assert len(booked.reminders) == 3


def test_a_reminder_that_comes_late_says_so(booked: Home) -> None:
    booked.clock.forward(days=4)
    booked.settle()
    late = [each for each in booked.reminders if b"This comes late" in each]
    assert len(late) == 2


def test_a_clock_set_back_repeats_nothing(booked: Home) -> None:
    booked.clock.forward(days=4)
    booked.settle()
    before = len(booked.reminders)
    booked.clock.forward(days=-3)
    booked.run()
    booked.clock.forward(days=4)
    booked.settle()
    assert len(booked.reminders) == before


def test_with_smtp_the_word_comes_by_mail_to_oneself(make_home: Callable[..., Home], smtp_sink: SmtpSink) -> None:
    home = make_home(smtp_port=smtp_sink.port, settings=MAIL_ONLY)
    home.deliver(rejection())
    home.settle()
    assert [(each[0], list(each[1])) for each in smtp_sink.mails] == [(OWN, [OWN])]
    assert home.reminders == []


def test_a_mail_server_that_is_away_only_delays_it(make_home: Callable[..., Home], smtp_sink: SmtpSink) -> None:
    home = make_home(smtp_port=smtp_sink.port, settings=MAIL_ONLY)
    smtp_sink.replies["GREETING"] = ["421 later", "421 later", None]
    home.deliver(rejection())
    home.settle()
    assert len(smtp_sink.mails) == 1


def test_a_word_that_may_have_gone_is_not_sent_again(make_home: Callable[..., Home], smtp_sink: SmtpSink) -> None:
    home = make_home(smtp_port=smtp_sink.port, settings=MAIL_ONLY)
    smtp_sink.replies["DOT"] = [DROP, None, None]
    home.deliver(rejection())
    home.settle()
    home.clock.forward(minutes=11)
    home.settle()
    assert len(smtp_sink.mails) == 1
    assert home.rows("SELECT state FROM effect WHERE kind = 'notify_mail' AND key LIKE '%booked'") == [
        {"state": "undecided"}
    ]


def test_a_word_found_in_the_inbox_settles_the_doubt(make_home: Callable[..., Home], smtp_sink: SmtpSink) -> None:
    home = make_home(smtp_port=smtp_sink.port, settings=MAIL_ONLY)
    smtp_sink.replies["DOT"] = [DROP, None, None]
    home.deliver(rejection())
    home.run()
    home.deliver(smtp_sink.mails[0][2])
    home.clock.forward(minutes=11)
    home.settle()
    assert home.rows("SELECT state FROM effect WHERE kind = 'notify_mail' AND key LIKE '%booked'") == [
        {"state": "done"}
    ]
