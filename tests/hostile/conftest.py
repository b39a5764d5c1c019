"""The class is graded once for all tests of this folder."""

import pytest
from hostile_class import ATTACKS, Term, grade_class, make_course


@pytest.fixture(scope="session")
def term(tmp_path_factory: pytest.TempPathFactory) -> Term:
    """Everybody, at the strongest level that holds here."""
    return grade_class(make_course(tmp_path_factory.mktemp("course")), list(ATTACKS.values()))
