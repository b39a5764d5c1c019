"""A text of your own instead of the stories: read it from a file, or fetch it once and keep it."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from autograder.errors import UsageError

CHUNK = 64 * 1024
MAX_BYTES = 200_000_000
BUILT_IN = "The built-in text needs no network: `from autograder.stories import stories`."


def read_text(path: str | Path) -> str:
    """Read a text file in UTF-8, with line ends made `\\n` and a leading byte order mark dropped."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}. "
            "Open it in an editor and save it with the encoding UTF-8"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; this is looked for in {Path.cwd()}") from None
    if not text.strip():
        raise UsageError(f"{path} has no text in it")
    return text


def download(
    url: str, path: str | Path, max_bytes: int = MAX_BYTES, report: Callable[[int, int | None], None] | None = None
) -> Path:
    """Fetch `url` into `path`, unless the file is there already, and return the path.

    The file appears only when it is complete. `report(done, total)` is called as the bytes come in; without it a line
    counts them. `total` is None where the server does not say how much there is.
    """
    path = Path(path)
    if path.exists():
        return path
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"{url} is no web address: it starts with http:// or https://")
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=30) as response, partial.open("wb") as file:
            _copy(response, file, url, max_bytes, report or _print_progress)
        partial.replace(path)
    except urllib.error.HTTPError as error:
        error.close()
        raise UsageError(f"the server answered {error.code} ({error.reason}) for {url}; check the address") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UsageError(f"could not fetch {url}: {reason}. Are you online? {BUILT_IN}") from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def _copy(
    response: HTTPResponse, file: BinaryIO, url: str, max_bytes: int, report: Callable[[int, int | None], None]
) -> None:
    """Copy what comes in, but no more than `max_bytes`, and no less than was promised."""
    length = response.headers.get("Content-Length")
    total = int(length) if length and length.isdecimal() else None
    done = 0
    while done <= max_bytes and (total or 0) <= max_bytes:
        chunk = response.read(CHUNK)
        if not chunk:
            break
        file.write(chunk)
        done += len(chunk)
        report(done, total)
    else:
        raise UsageError(f"{url} is larger than {max_bytes:,} bytes; pass a larger max_bytes if you want all of it")
    if total is not None and done < total:
        raise UsageError(f"{url} broke off after {done:,} of {total:,} bytes; try again")


def _print_progress(done: int, total: int | None) -> None:
    of_total = f" of {total:,}" if total else ""
    print(f"\r{done:,}{of_total} bytes", end="\n" if done == total else "", flush=True)
