import io

from textrnn.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(stream, **options):
    progress = Progress(stream, **options)
    progress.start("reading", 4, "lines")
    for _ in range(4):
        progress.advance(1, "loss 1.5")
    progress.message("done")
    progress.finish()
    return stream.getvalue()


def test_plain_lines_where_there_is_no_terminal():
    output = work(io.StringIO(), seconds_between_lines=0.0)
    assert output.splitlines()[-1] == "done"
    assert "reading: 100%" in output
    assert "loss 1.5" in output
    assert "\r" not in output
    assert "\x1b" not in output


def test_a_bar_on_a_terminal():
    assert "reading" in work(Terminal())


def test_quiet():
    assert work(io.StringIO(), quiet=True) == ""
