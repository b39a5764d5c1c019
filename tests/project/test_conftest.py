"""A missing program is never passed over in silence."""

from collections.abc import Callable

import pytest

Require = Callable[[str, bool, str], None]


def test_what_is_there_is_used(require: Require) -> None:
    require("Python", True, "runs this test")


def test_what_is_missing_is_a_skip_that_says_why(require: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_REAL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="a moon is missing here, and it lights the way"):
        require("a moon", False, "lights the way")


def test_what_is_missing_in_ci_is_a_failure(require: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_REAL", "1")
    with pytest.raises(pytest.fail.Exception, match=r"a moon is missing here.*REQUIRE_REAL is set"):
        require("a moon", False, "lights the way")
