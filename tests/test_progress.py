import io

import pytest

from maskwright.progress import Reporter, progress_line


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def ticking(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every look at the clock take ``seconds``."""
    now = iter(range(10**6))
    monkeypatch.setattr("maskwright.progress.time.monotonic", lambda: next(now) * seconds)


def test_a_line_gives_count_rate_and_time_left():
    assert progress_line("masks", 30, 120, 12.0) == "masks: 30/120, 2.5/s, 36 s left"


def test_a_line_without_a_total_gives_no_time_left():
    assert progress_line("masks", 30, None, 12.0) == "masks: 30, 2.5/s"


def test_more_than_the_total_leaves_no_negative_time():
    assert progress_line("masks", 5, 4, 1.0).endswith(" 0 s left")


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["pipe", "terminal"])
@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
def test_every_item_is_passed_on_in_order(stream: type[io.StringIO], quiet: bool):
    reporter = Reporter(quiet, stream())
    assert list(reporter.track(iter("abc"), "letters", 3)) == ["a", "b", "c"]
    assert list(reporter.track([], "letters")) == []


def test_a_pipe_gets_plain_lines_no_faster_than_asked(monkeypatch: pytest.MonkeyPatch):
    ticking(monkeypatch, 4.0)
    reporter = Reporter(stream=io.StringIO(), seconds_between_lines=10.0)
    for _ in reporter.track(range(8), "masks"):
        pass
    assert reporter.stream.getvalue().splitlines() == [
        "masks: 3/8, 0.2/s, 20 s left",
        "masks: 6/8, 0.2/s, 8 s left",
    ]


def test_a_short_job_on_a_pipe_says_nothing():
    reporter = Reporter(stream=io.StringIO())
    list(reporter.track(range(3), "masks"))
    assert reporter.stream.getvalue() == ""


def test_a_terminal_gets_a_bar_with_rate_and_count():
    reporter = Reporter(stream=Terminal())
    list(reporter.track(range(3), "masks"))
    shown = reporter.stream.getvalue()
    assert "masks" in shown
    assert "3/3" in shown
    assert "/s" in shown


def test_quiet_keeps_silent_but_for_warnings():
    reporter = Reporter(quiet=True, stream=Terminal())
    reporter.say("hello")
    list(reporter.track(range(3), "masks"))
    assert reporter.stream.getvalue() == ""
    reporter.warn(["one", "two"])
    assert reporter.stream.getvalue() == "one\ntwo\n"


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]):
    Reporter().say("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_a_name_commands_no_terminal_and_is_no_markup():
    reporter = Reporter(stream=Terminal())
    assert list(reporter.track(range(3), "converting [/y]\x1b]0;owned\x07\nerror: forged")) == [0, 1, 2]
    reporter.say("a\nb")
    reporter.warn(["c\x9bd"])
    shown = reporter.stream.getvalue()
    assert "converting [/y]" in shown
    assert shown.endswith("a\\nb\nc\\x9bd\n")
    assert not {"\x07", "\x9b"} & set(shown)
