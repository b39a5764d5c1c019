"""A learner's own text, from a file or from a server that really runs, here on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.texts import download, read_text

BODY = "Otto said: ça va?\n".encode() * 10_000


class Answers(BaseHTTPRequestHandler):
    """/whole has a length, /stream has none, /short promises more than it sends, all else is missing."""

    def do_GET(self) -> None:
        if self.path not in ("/whole", "/stream", "/short"):
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/stream":
            self.send_header("Content-Length", str(len(BODY) + (self.path == "/short")))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_file_is_read_with_its_mark_and_line_ends_made_plain(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntw\xc3\xb6\r\n")
    assert read_text(path) == "one\ntwö\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"ab\xe9", "byte 2 is 0xe9.*save it with the encoding UTF-8"),
        (b" \n", "has no text in it"),
        (None, "No such file"),
    ],
)
def test_a_bad_file_is_named_in_a_sentence(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=sentence) as caught:
        read_text(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("page", ["whole", "stream"])
def test_a_download_arrives_whole_and_says_how_far_it_is(server: str, tmp_path: Path, page: str) -> None:
    seen: list[tuple[int, int | None]] = []
    path = download(f"{server}/{page}", tmp_path / "new" / "text.txt", report=lambda *so_far: seen.append(so_far))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY) if page == "whole" else None)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen) and len(seen) > 1
    assert list(path.parent.iterdir()) == [path]


def test_progress_is_printed_unless_asked_otherwise(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    download(f"{server}/whole", tmp_path / "text.txt")
    assert capsys.readouterr().out.endswith("\r190,000 of 190,000 bytes\n")


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("mine", encoding="utf-8")
    assert download("http://127.0.0.1:9/nobody-listens", path).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("page", "max_bytes", "sentence"),
    [
        ("missing", 10**6, "answered 404 .Not Found. for .*check the address"),
        ("short", 10**6, "broke off after 190,000 of 190,001 bytes; try again"),
        ("whole", 100_000, "larger than 100,000 bytes"),
        ("stream", 100_000, "larger than 100,000 bytes"),
    ],
)
def test_nothing_is_left_behind_when_it_fails(
    server: str, tmp_path: Path, page: str, max_bytes: int, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        download(f"{server}/{page}", tmp_path / "text.txt", max_bytes=max_bytes)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_built_in_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Are you online.*autograder\.stories import stories"):
        download("http://127.0.0.1:9/nobody-listens", tmp_path / "text.txt")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "text.txt", "ftp://127.0.0.1/x"])
def test_only_web_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="is no web address"):
        download(url, tmp_path / "text.txt")
