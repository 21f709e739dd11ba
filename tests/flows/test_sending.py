"""A letter leaves once, on the person's word, or not at all, and never on a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flows.home import OWN, Home, rejection
from onward import actions
from onward.core import mail
from onward.core.model import DraftState, Refused
from onward.service import open_mailbox
from servers.smtp import DROP, Late, SmtpSink

UNDO = timedelta(seconds=60)


@pytest.fixture
def ready(make_home: Callable[..., Home], smtp_sink: SmtpSink) -> Home:
    """A home with one draft in the mailbox and a server to send through; reminders stay out of the way."""
    home = make_home(smtp_port=smtp_sink.port, settings={"reminders": {"mail": False, "desktop": False}})
    home.deliver(rejection())
    home.settle()
    assert len(home.drafts) == 1
    return home


def review(home: Home) -> actions.Review:
    config = home.config
    with home.opened() as store:
        return actions.review_draft(store, 1, lambda: open_mailbox(config.accounts[0], config))


def send(home: Home) -> actions.Review:
    seen = review(home)
    with home.opened() as store:
        actions.send_draft(store, seen, home.clock.now, UNDO)
    return seen


def state(home: Home) -> object:
    return home.rows("SELECT state FROM draft WHERE id = 1")[0]["state"]


def questions(home: Home) -> list[str]:
    return [str(row["text"]) for row in home.rows("SELECT text FROM question WHERE answered_at IS NULL")]


def test_nothing_leaves_before_the_person_says_so(ready: Home, smtp_sink: SmtpSink) -> None:
    ready.clock.forward(days=30)
    ready.settle()
    assert smtp_sink.mails == []


def test_exactly_what_was_reviewed_leaves_after_the_undo_minute_and_is_filed(ready: Home, smtp_sink: SmtpSink) -> None:
    seen = send(ready)
    ready.run()
    assert smtp_sink.mails == []
    ready.clock.forward(seconds=61)
    ready.run()
    assert [(each[0], list(each[1])) for each in smtp_sink.mails] == [(OWN, ["mara@harbour1.example"])]
    assert mail.words_of(smtp_sink.mails[0][2]) == mail.words_of(seen.raw)
    assert len(ready.server.mailbox("Sent").messages) == 1
    assert ready.drafts == []  # withdrawn: it is no draft any more
    assert state(ready) == "sent"
    ready.clock.forward(days=1)
    ready.settle()
    assert len(smtp_sink.mails) == 1


def test_a_word_taken_back_within_the_minute_stops_it(ready: Home, smtp_sink: SmtpSink) -> None:
    send(ready)
    with ready.opened() as store:
        actions.undo_send(store, 1, ready.clock.now)
    ready.clock.forward(hours=1)
    ready.settle()
    assert smtp_sink.mails == []
    assert state(ready) == "in the mailbox"
    with ready.opened() as store, pytest.raises(Refused, match="nothing to take back"):
        actions.undo_send(store, 1, ready.clock.now)


def test_two_clicks_send_one_letter(ready: Home, smtp_sink: SmtpSink) -> None:
    seen = send(ready)
    with ready.opened() as store, pytest.raises(Refused, match="sending"):
        actions.send_draft(store, seen, ready.clock.now, UNDO)
    ready.clock.forward(seconds=61)
    ready.settle()
    assert len(smtp_sink.mails) == 1


def test_a_draft_changed_in_the_mail_program_is_reviewed_as_it_stands_there(ready: Home, smtp_sink: SmtpSink) -> None:
    drafts = ready.server.mailbox("Drafts")
    changed = drafts.messages[0].raw.replace(b"Dear Mara,", b"Dear Ms Lindqvist,")
    drafts.remove([each.uid for each in drafts.messages])
    drafts.deliver(changed, ready.clock.now)
    seen = send(ready)
    assert seen.edited
    assert "Dear Ms Lindqvist," in seen.body
    ready.clock.forward(seconds=61)
    ready.run()
    assert b"Dear Ms Lindqvist," in smtp_sink.mails[0][2]


def test_a_draft_changed_after_the_yes_is_not_sent(ready: Home, smtp_sink: SmtpSink) -> None:
    send(ready)
    drafts = ready.server.mailbox("Drafts")
    changed = drafts.messages[0].raw.replace(b"Dear Mara,", b"Dear all,")
    drafts.remove([each.uid for each in drafts.messages])
    drafts.deliver(changed, ready.clock.now)
    ready.clock.forward(seconds=61)
    ready.settle()
    assert smtp_sink.mails == []
    assert "it was changed after you confirmed it" in questions(ready)[0]
    assert state(ready) == "in the mailbox"


def test_a_draft_deleted_after_the_yes_is_not_sent(ready: Home, smtp_sink: SmtpSink) -> None:
    send(ready)
    drafts = ready.server.mailbox("Drafts")
    drafts.remove([each.uid for each in drafts.messages])
    ready.clock.forward(seconds=61)
    ready.settle()
    assert smtp_sink.mails == []
    assert "no longer in your Drafts" in questions(ready)[0]


def test_a_letter_that_cannot_leave_in_time_asks_anew(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["GREETING"] = "421 closed for now"
    send(ready)
    ready.clock.forward(seconds=61)
    for _ in range(30):
        ready.run()
        ready.clock.forward(minutes=1)
    assert smtp_sink.mails == []
    assert "within ten minutes" in questions(ready)[0]
    assert state(ready) == "in the mailbox"


def test_a_refused_recipient_is_told_and_nothing_is_tried_again(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["RCPT"] = "550 5.1.1 no such user"
    send(ready)
    ready.clock.forward(seconds=61)
    ready.settle()
    assert smtp_sink.mails == []
    assert "was not sent" in questions(ready)[0]
    assert state(ready) == "in the mailbox"


def test_a_connection_lost_before_the_last_dot_is_tried_again(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["DATA"] = [DROP, None]
    send(ready)
    ready.clock.forward(seconds=61)
    ready.run()
    ready.clock.forward(seconds=30)
    ready.run()
    assert len(smtp_sink.mails) == 1
    assert state(ready) == "sent"


def test_a_connection_lost_after_the_last_dot_is_never_sent_again_by_itself(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["DOT"] = DROP
    send(ready)
    ready.clock.forward(seconds=61)
    ready.run()
    ready.clock.forward(minutes=11)
    ready.settle()
    assert len(smtp_sink.mails) == 1  # it had arrived
    assert state(ready) == "undecided"
    assert "may have been sent" in questions(ready)[0]
    ready.clock.forward(days=3)
    ready.settle()
    assert len(smtp_sink.mails) == 1


def test_a_copy_found_in_sent_settles_the_doubt(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["DOT"] = DROP
    seen = send(ready)
    ready.clock.forward(seconds=61)
    ready.run()
    ready.server.mailbox("Sent").deliver(seen.raw, ready.clock.now)  # the provider filed it
    ready.clock.forward(minutes=11)
    ready.settle()
    assert state(ready) == "sent"
    assert len(ready.server.mailbox("Sent").messages) == 1


def test_a_power_cut_at_any_step_of_sending_sends_at_most_once(
    make_home: Callable[..., Home], smtp_sink: SmtpSink
) -> None:
    quiet = {"reminders": {"mail": False, "desktop": False}}

    def prepared(name: str) -> Home:
        home = make_home(name, smtp_port=smtp_sink.port, settings=quiet)
        home.deliver(rejection())
        home.settle()
        send(home)
        home.clock.forward(seconds=61)
        return home

    measured = prepared("measured")
    assert measured.run()
    steps = measured.steps
    assert len(smtp_sink.mails) == 1
    for step in range(1, steps + 1):
        before = len(smtp_sink.mails)
        home = prepared(f"cut-{step}")
        assert not home.run(cut_at=step)
        where = home.trail[-1]
        home.settle()
        sent = len(smtp_sink.mails) - before
        assert sent <= 1, f"after a cut {where}"
        assert (state(home) == "sent") == (sent == 1) or state(home) == DraftState.UNDECIDED, where
        home.server.stop()


def test_a_slow_answer_to_the_dot_is_waited_for(ready: Home, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies["DOT"] = Late(1.0)
    send(ready)
    ready.clock.forward(seconds=61)
    ready.run()
    assert state(ready) == "sent"


def test_an_edited_letter_replaces_the_old_one_in_drafts(ready: Home) -> None:
    with ready.opened() as store:
        actions.edit_draft(store, 1, "Re: thank you", "Dear Mara,\n\nthank you.\n\nSam\n", ready.clock.now)
    ready.settle()
    assert len(ready.drafts) == 1
    assert mail.words_of(ready.drafts[0])[1:] == ("Re: thank you", "Dear Mara,\n\nthank you.\n\nSam")


def test_a_discarded_letter_leaves_drafts_and_nothing_else(ready: Home) -> None:
    mine = rejection(77)
    ready.server.mailbox("Drafts").deliver(mine, ready.clock.now)
    with ready.opened() as store:
        actions.discard_draft(store, 1, ready.clock.now)
    ready.settle()
    assert len(ready.drafts) == 1
    assert b"no-77" in ready.drafts[0]
    with ready.opened() as store:
        actions.write_again(store, 1, ready.clock.now)
    ready.settle()
    assert len(ready.drafts) == 2
