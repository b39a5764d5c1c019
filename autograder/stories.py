"""The text the course trains on: small stories from one wood, the same bytes on every machine.

    from autograder.stories import stories
    text = stories()

A story is a plot with its blanks filled in, so it is known what a model can learn from it: a name comes back and keeps
its animal and its pronoun, five plums less two are three, a thing that is lost is found, and a quotation ends.
The words stand in plots.toml; this file rolls the dice. A text of your own is read by autograder/texts.py.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from autograder.errors import AuthorError, UsageError

T = TypeVar("T")

DEFAULT_BYTES = 1_000_000
STORIES_SHA256 = "ac450c0f991715aceaf7df730139d21fd5d64b9a07d2f0d66f2e2d44cbfd4e3f"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven")


class Dice:
    """SplitMix64 (Steele, Lea and Flood, 2014). Python's `random` may change what it picks; this may not."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def roll(self, sides: int) -> int:
        """A number from 0 to sides - 1."""
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return ((z ^ (z >> 31)) * sides) >> 64

    def choose(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.roll(len(items))]

    def shuffle(self, items: Sequence[T]) -> list[T]:
        """All of the items, in a new order."""
        pool = list(items)
        return [pool.pop(self.roll(len(pool))) for _ in items]


@dataclass(frozen=True, slots=True)
class Animal:
    """Somebody in a story. `{hero}` is "Otto", `{hero.he}` is "he", `{hero.a}` is "an otter"."""

    name: str
    animal: str
    he: str
    size: str
    trait: str

    @property
    def a(self) -> str:
        return _a(self.animal)

    @property
    def He(self) -> str:
        return self.he.capitalize()

    @property
    def him(self) -> str:
        return {"he": "him", "she": "her"}[self.he]

    @property
    def his(self) -> str:
        return {"he": "his", "she": "her"}[self.he]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to own, lose, break, mend or swap: `{thing}` is "red kite", `{thing.noun}` is "kite"."""

    colour: str
    noun: str
    joy: str
    broke: str
    mend: str

    @property
    def a(self) -> str:
        return _a(str(self))

    @property
    def a_noun(self) -> str:
        return _a(self.noun)

    def __str__(self) -> str:
        return f"{self.colour} {self.noun}"


def stories(num_bytes: int = DEFAULT_BYTES, separator: str = "\n\n") -> str:
    """As many whole stories as fit into `num_bytes` bytes of UTF-8: always the same ones, in the same order.

    A smaller text is the beginning of a larger one. The default text is checked against STORIES_SHA256, so that losses
    and pictures in the lessons can be compared.
    """
    told: list[str] = []
    size = -len(separator.encode())
    for tale in _all_stories():
        size += len((separator + tale).encode())
        if size > num_bytes:
            break
        told.append(tale)
    if not told:
        raise UsageError(f"no story fits into {num_bytes} bytes; ask for 2000 or more")
    text = separator.join(told)
    if (num_bytes, separator) == (DEFAULT_BYTES, "\n\n"):
        _check_hash(text)
    return text


def story(number: int) -> str:
    """The story with this number: a title, then a few paragraphs. Each round tells every plot once."""
    words = _words()
    lap, place = divmod(number, len(words["plots"]))
    plot = Dice(lap).shuffle(words["plots"])[place]
    dice = Dice(2**63 + number)
    template = f"{plot['title']}\n{plot['text'].strip()}".replace("{opening}", words["opening"])
    blanks = _cast(words, dice) | _things(words, dice) | _basket(words, dice) | _details(words, dice)
    return _pick(template, dice).format_map(blanks)


def _all_stories() -> Iterator[str]:
    """Every story, once: a short plot can come out the same again, and is then left out."""
    told: set[str] = set()
    for text in map(story, count()):
        if text not in told:
            told.add(text)
            yield text


def _pick(template: str, dice: Dice) -> str:
    """Replace each `[a|b|c]` by one of its choices."""
    return re.sub(r"\[([^]]*)\]", lambda match: dice.choose(match[1].split("|")), template)


def _cast(words: dict[str, Any], dice: Dice) -> dict[str, Animal]:
    """Five different animals: one big, one small, three of any size."""
    animals = dice.shuffle([Animal(*row) for row in words["animals"]])
    big = next(animal for animal in animals if animal.size == "big")
    small = next(animal for animal in animals if animal.size == "small")
    hero, friend, third = [animal for animal in animals if animal not in (big, small)][:3]
    return {"hero": hero, "friend": friend, "third": third, "big": big, "small": small}


def _things(words: dict[str, Any], dice: Dice) -> dict[str, Thing]:
    """Three different things in three different colours."""
    pairs = zip(dice.shuffle(words["colours"]), dice.shuffle(words["things"]), strict=False)
    things = [Thing(colour, *row) for colour, row in pairs]
    return {"thing": things[0], "thing2": things[1], "thing3": things[2]}


def _basket(words: dict[str, Any], dice: Dice) -> dict[str, str]:
    """A number of plums, two gifts out of it, and what is left each time. The sums are right."""
    one, many = dice.choose(words["foods"])
    gift, gift2, rest2 = 1 + dice.roll(2), 1 + dice.roll(2), 1 + dice.roll(3)
    amounts = {"total": gift + gift2 + rest2, "gift": gift, "rest": gift2 + rest2, "gift2": gift2, "rest2": rest2}
    counted = {name: f"{NUMBERS[n]} {one if n == 1 else many}" for name, n in amounts.items()}
    return counted | {"one": one, "many": many, "were": "were", "were2": "was" if rest2 == 1 else "were"}


def _details(words: dict[str, Any], dice: Dice) -> dict[str, str]:
    """Where, when and what: one row of each table, one entry of each list."""
    place, place2 = dice.shuffle(words["places"])[:2]
    noise, noisy = dice.choose(words["noises"])
    question, *answers = dice.choose(words["questions"])
    answer, answer2 = dice.shuffle(answers)[:2]
    skill, rival, flop, triumph = dice.choose(words["skills"])
    mishap, remedy = dice.choose(words["mishaps"])
    one_sheep, sheep = dice.choose(words["sheep"])
    lists = {"weather": "weathers", "roof": "roofs", "goal": "goals", "plant": "plants", "root": "roots"}
    details = {blank: dice.choose(words[name]) for blank, name in lists.items()}
    return details | {
        "a_roof": _a(details["roof"]),
        "place": place, "place2": place2, "Place": _capital(place), "Place2": _capital(place2),
        "noise": noise, "noisy": noisy,
        "question": question, "answer": answer, "answer2": answer2,
        "skill": skill, "rival": rival, "flop": flop, "triumph": triumph,
        "mishap": mishap, "remedy": remedy,
        "sheep": sheep, "one_sheep": one_sheep,
    }


@cache
def _words() -> dict[str, Any]:
    """plots.toml, with its tables cut at the bars."""
    path = Path(__file__).with_name("plots.toml")
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _table(value) if isinstance(value, str) and "\n" in value else value for name, value in words.items()}


def _table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _check_hash(text: str) -> None:
    """The default text is a constant of the course; only an author may change it, and knowingly."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest != STORIES_SHA256:
        raise AuthorError(
            f"the stories are not the ones the course was written with: their SHA-256 is {digest}. If plots.toml or "
            "stories.py was changed on purpose, write this number into STORIES_SHA256 and build the lessons again"
        )
