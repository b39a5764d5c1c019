"""The gradebook's database: is it there, whole, and of this nbgrader; and its mishaps, in a sentence.

nbgrader itself opens whatever it finds: it begins anew in an emptied file, adds its tables to an older gradebook, and
shows a traceback where a disk is full. Here nothing is written before the database was found in order, and a copy of
an SQLite gradebook is kept.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.script import ScriptDirectory
from nbgrader import __version__
from nbgrader.api import Base, Gradebook, InvalidEntry, app_log
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from autograder.errors import GraderBroke, UsageError
from autograder.whole import draft_of, place_once, write_draft

PATIENCE = 60.0
"""Seconds that SQLite waits for another program's lock."""

_WRITABLE = "See that you may write to it and to its folder"
_ROOM = "Free some space"
_ADVICE = {
    "BUSY": "Another program is writing to it, or its drive cannot lock: wait for the other program, "
    "or move the course to a local disk or the gradebook to PostgreSQL",
    "PROTOCOL": "Its drive cannot lock: move the course to a local disk, or the gradebook to PostgreSQL",
    "READONLY": _WRITABLE,
    "CANTOPEN": _WRITABLE,
    "PERM": _WRITABLE,
    "FULL": _ROOM,
    "IOERR": "Its disk is full, or failing, or a network drive: see that it can be written",
    "42501": "Let its owner grant you the right to create and to write tables",
    "53100": _ROOM,
    "": "See that the server runs, that it lets you in, and that the address is right",
}
"""By the middle of SQLite's error names, and by PostgreSQL's codes: none where the server was not reached."""

app_log.disabled = True  # nbgrader would print the traceback of what is a sentence here


def open_gradebook(url: str, course_id: str, copy: Path) -> Gradebook:
    """nbgrader's gradebook at a URL of SQLAlchemy's, made where there is none. One in SQLite is copied to `copy` first.

    Raises:
        UsageError: the URL cannot be read, or its driver is not installed.
        GraderBroke: the database is damaged, locked, not to be written, of another nbgrader, or out of reach.
    """
    where = _read_url(url)
    path = Path(where.database) if where.get_backend_name() == "sqlite" and where.database else None
    with explained(where, copy):
        if path:
            where = where.update_query_dict({"timeout": str(PATIENCE)})
            _look_at(path, copy)
        for attempt in range(3):
            try:
                is_new = path and not path.exists()
                _prepare(where, path)
                if path and not is_new:
                    _copy(path, copy)
                return Gradebook(where.render_as_string(hide_password=False), course_id)
            except (IntegrityError, InvalidEntry):  # somebody else was making the same; the next look finds it made
                if attempt == 2:
                    raise
    raise AssertionError("unreachable")


def read_gradebook(url: str, course_id: str, copy: Path) -> Gradebook | None:
    """The gradebook to look into, None where there is none yet. SQLite itself sees to it that nothing is written.

    Raises:
        UsageError, GraderBroke: as `open_gradebook`.
    """
    where = _read_url(url)
    with explained(where, copy):
        if where.get_backend_name() == "sqlite" and where.database:
            path = Path(where.database).resolve()
            if not _is_there(path, copy):
                return None
            where = where.set(database=path.as_uri(), query={"mode": "ro", "uri": "true", "timeout": str(PATIENCE)})
        with _engine(where) as engine:
            if not inspect(engine).has_table("grade"):
                return None
        return Gradebook(where.render_as_string(hide_password=False), course_id)


@contextmanager
def explained(where: str | URL, copy: Path) -> Iterator[None]:
    """Turn what a database raises in here into one sentence: what happened, where, what to do."""
    try:
        yield
    except (SQLAlchemyError, InvalidEntry, sqlite3.Error) as error:
        raise GraderBroke(_sentence(make_url(where), copy, error)) from error


def _read_url(url: str) -> URL:
    advice = "For PostgreSQL write postgresql+psycopg://USER@HOST/DATABASE and `pip install 'build-a-gpt[postgres]'`."
    try:
        where = make_url(url)
        where.get_dialect().import_dbapi()
    except ArgumentError:  # which may hold a password
        raise UsageError(f"the gradebook's address is no URL. {advice}") from None
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(f"{_name(where)} has no driver here ({error}). {advice}") from None
    return where


def _name(where: URL) -> str:
    """`the gradebook /courses/gpt/gradebook.db`, or a server's address without its password."""
    if where.get_backend_name() == "sqlite":
        return f"the gradebook {where.database}"
    return f"the gradebook {where.set(password=None).render_as_string()}"


def _look_at(path: Path, copy: Path) -> None:
    """See that an SQLite gradebook is whole and may be written."""
    if not _is_there(path, copy):
        return
    for place in (path, path.parent):
        if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise GraderBroke(f"{place} may not be written. {_WRITABLE.replace('it and', f'{path.name} and')}.")


def _is_there(path: Path, copy: Path) -> bool:
    """Is there an SQLite gradebook? One that is damaged, or has gone, is not begun anew."""
    if not path.exists():
        if copy.exists():
            raise GraderBroke(
                f"there is no gradebook {path}, and there was one: {copy} is as it was before the last grading. "
                "Put that in its place, or remove it to begin anew; then run the same command again."
            )
        return False
    if not path.is_file() or path.stat().st_size == 0:
        what = "empty" if path.is_file() else "not a file"
        raise GraderBroke(f"the gradebook {path} is {what}. {_mend(path, copy)}")
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as found:
        said = found.execute("PRAGMA quick_check(1)").fetchone()[0].splitlines()[-1]
        pages, size = (found.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
        if path.stat().st_size < pages * size:  # a page that is cut short is read as if zeros followed
            said = "its end is missing"
    if said != "ok":
        raise GraderBroke(f"the gradebook {path} is damaged ({said}). {_mend(path, copy)}")
    return True


def _copy(path: Path, copy: Path) -> None:
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = write_draft(copy, b"", private=True)
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as found, closing(sqlite3.connect(draft)) as kept:
            found.backup(kept)
        draft.replace(copy)
    finally:
        draft.unlink(missing_ok=True)


def _prepare(where: URL, path: Path | None) -> None:
    """Make nbgrader's tables where there are none; elsewhere see that they are this nbgrader's."""
    if path and not path.exists():
        draft = draft_of(path)
        try:
            with _engine(where.set(database=str(draft))) as engine:
                _make_tables(engine)
            place_once(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    with _engine(where) as engine:
        columns = inspect(engine).get_multi_columns()
        tables = {name: {column["name"] for column in found} for (_, name), found in columns.items()}
        if tables.keys() & Base.metadata.tables.keys():
            _see_that_it_fits(engine, tables)
        else:
            _make_tables(engine)


@contextmanager
def _engine(where: URL) -> Iterator[Engine]:
    engine = create_engine(where)
    try:
        yield engine
    finally:
        engine.dispose()


def _make_tables(engine: Engine) -> None:
    """All of them and their version in one transaction; nbgrader would ask another program for the version, between."""
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        _write_version(connection)


def _write_version(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head})


def _see_that_it_fits(engine: Engine, tables: dict[str, set[str]]) -> None:
    """Another nbgrader's tables are not touched, and it is found out before a class is half written."""
    lacks = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name not in tables.get(table.name, ())
    ]
    with engine.begin() as connection:
        if "alembic_version" not in tables and not lacks:
            return _write_version(connection)  # nbgrader was stopped while it made the gradebook
        versions = "SELECT version_num FROM alembic_version" if "alembic_version" in tables else "SELECT NULL"
        version = connection.execute(text(versions)).scalar()
    if version and version not in {one.revision for one in ScriptDirectory(ALEMBIC_DIR).walk_revisions()}:
        raise GraderBroke(
            f"{_name(engine.url)} was made by a newer nbgrader than the one here, {__version__} "
            f"(its tables are of version {version}). Install that nbgrader, then run the same command again."
        )
    if lacks:
        raise GraderBroke(
            f"{_name(engine.url)} was made by an older nbgrader than the one here, {__version__}: it has no "
            f"{lacks[0]}. Keep a copy of it, run `nbgrader db upgrade`, then the same command again."
        )
    return None


def _sentence(where: URL, copy: Path, error: Exception) -> str:
    """What the database said, in which gradebook, and what to do."""
    cause = error.__context__ if isinstance(error, InvalidEntry) and error.__context__ else error
    said = cause.orig if isinstance(cause, DBAPIError) and cause.orig else cause
    words = next((line.strip() for line in str(said).splitlines() if line.strip()), type(said).__name__).rstrip(".")
    code = getattr(said, "sqlite_errorname", None)
    kind = code.split("_")[1] if code else getattr(said, "sqlstate", None) or ""
    if kind in ("NOTADB", "CORRUPT"):
        return f"{_name(where)} is damaged ({words}). {_mend(Path(where.database or ''), copy)}"
    advice = _ADVICE.get(kind, _ADVICE[""] if kind[:2] in ("08", "28", "57", "3D") else "")
    again = f"{advice}; then run the same command again" if advice else "Run the same command again"
    return f"{_name(where)} could not be used: {words}. {again}: what was written before is whole."


def _mend(path: Path, copy: Path) -> str:
    place = f"Put a copy in the place of {path.name}"
    how = f"{place}: {copy} is as it was before the last grading" if copy.exists() else f"{place}, or remove it"
    return f"Nothing was written to it. {how}. Then run the same command again."
