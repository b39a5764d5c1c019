"""The one text everybody trains on: always the same, never broken grammar, and worth reading aloud."""

import hashlib
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from autograder import stories as module
from autograder.errors import AuthorError, UsageError
from autograder.stories import DEFAULT_BYTES, STORIES_SHA256, Dice, stories, story

TALES = stories().split("\n\n")
PRONOUNS = {"he": {"he", "his", "him"}, "she": {"she", "her"}}
PLOTS = tomllib.loads(Path(module.__file__).with_name("plots.toml").read_text(encoding="utf-8"))
ANIMALS = {row.split("|")[0].strip(): row.split("|")[2].strip() for row in PLOTS["animals"].strip().splitlines()}


def names_in(tale: str) -> list[str]:
    return re.findall("|".join(ANIMALS), tale)


def test_splitmix64_gives_the_published_numbers() -> None:
    dice = Dice(1234567)
    assert [dice.roll(2**64) for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_the_default_text_is_the_one_the_lessons_were_written_with() -> None:
    text = stories()
    assert hashlib.sha256(text.encode()).hexdigest() == STORIES_SHA256
    assert DEFAULT_BYTES - 2000 < len(text.encode()) <= DEFAULT_BYTES


def test_a_changed_plot_is_noticed_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = module._words() | {"roots": ["turnip"]}
    monkeypatch.setattr(module, "_words", lambda: changed)
    with pytest.raises(AuthorError, match="write this number into STORIES_SHA256"):
        stories()


@pytest.mark.parametrize("num_bytes", [2000, 10_001, 250_000])
def test_a_smaller_text_is_the_beginning_of_a_larger_one(num_bytes: int) -> None:
    text = stories(num_bytes)
    assert len(text.encode()) <= num_bytes
    assert stories().startswith(text + "\n\n")


def test_a_text_ends_where_a_story_ends() -> None:
    exactly = len("\n\n".join(TALES[:3]).encode())
    assert stories(exactly).split("\n\n") == TALES[:3]
    assert stories(exactly - 1).split("\n\n") == TALES[:2]


def test_a_separator_can_be_chosen() -> None:
    text = stories(5000, separator="<|endoftext|>")
    assert len(text.encode()) <= 5000
    assert text.split("<|endoftext|>") == TALES[: text.count("<|endoftext|>") + 1]


def test_too_little_room_is_said() -> None:
    with pytest.raises(UsageError, match="no story fits into 10 bytes"):
        stories(10)


def test_no_story_is_told_twice_and_dropped_ones_are_few() -> None:
    assert len(set(TALES)) == len(TALES)
    assert len({story(number) for number in range(len(TALES))}) > 0.99 * len(TALES)


def test_the_text_is_varied_and_yet_small() -> None:
    text = stories()
    words = set(re.findall(r"[a-zé']+", text.lower()))
    assert 1200 < len(TALES) < 2000
    assert 400 < len(words) < 900
    assert 60 <= len(set(text)) <= 70
    assert sorted(c for c in set(text) if not c.isascii()) == ["é"]


def test_every_plot_is_told_once_in_a_round() -> None:
    endings = [story(number).splitlines()[-1] for number in range(16)]
    assert len(set(endings)) == 16


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_every_letter_occurs_in_a_tenth_of_the_text(letter: str) -> None:
    assert letter in stories(100_000)


def test_every_story_is_well_formed() -> None:
    for tale in TALES:
        title, *paragraphs = tale.split("\n")
        assert title[0].isupper() and title[-1].isalpha()
        assert tale.endswith(".")
        assert not set("[]{}|") & set(tale)
        assert "  " not in tale
        for line in paragraphs:
            assert line == line.strip()
            assert line.count('"') % 2 == 0, line
            assert line[-1] in '.?!"', line
            assert line.lstrip('"')[0].isupper(), line


def test_after_a_full_stop_comes_a_capital_letter() -> None:
    after = Counter(re.findall(r'[.?!] ("?\w)', stories()))
    assert not [start for start in after if not start.strip('"').isupper()]


def test_an_article_fits_its_noun() -> None:
    assert not re.search(r"\b[Aa] [aeiou]", stories())
    assert not re.search(r"\b[Aa]n [^aeiou]", stories())


def test_pronouns_agree_where_a_story_has_one_kind_only() -> None:
    checked = 0
    for tale in TALES:
        kinds = {ANIMALS[name] for name in names_in(tale)}
        if len(kinds) == 1:
            [kind] = kinds
            other = PRONOUNS["he" if kind == "she" else "she"]
            assert not other & set(re.findall(r"[a-z]+", tale.lower())), tale
            checked += 1
    assert checked > 100


def test_a_pronoun_right_after_a_name_agrees_with_it() -> None:
    pairs = re.findall(rf"\b({'|'.join(ANIMALS)})\b[^.?!\"]*, and (he|she)\b", stories())
    assert len(pairs) > 50
    assert all(ANIMALS[name] == pronoun for name, pronoun in pairs)


def test_the_hero_is_named_often_and_everybody_keeps_one_animal() -> None:
    animal_of: dict[str, set[str]] = {}
    for name, animal in re.findall(rf"\b({'|'.join(ANIMALS)}) the (\w+)", stories()):
        animal_of.setdefault(name, set()).add(animal)
    assert len(animal_of) == 26 and all(len(animals) == 1 for animals in animal_of.values())
    for tale in TALES:
        assert Counter(names_in(tale)).most_common(1)[0][1] >= 4, tale


def test_the_sums_in_the_basket_are_right() -> None:
    numbers = {word: n for n, word in enumerate(module.NUMBERS)}
    pattern = r"with (\w+) \w+ in a basket(?:.|\n)*?gave \w+ (\w+) (?:.|\n)*?there \w+ (\w+) (?:.|\n)*?gave \w+ (\w+) "
    pattern += r"(?:.|\n)*?there (\w+) (\w+) (\w+) in the basket"
    found = [match for tale in TALES for match in re.findall(pattern, tale)]
    assert len(found) > 60
    for total, gift, rest, gift2, verb, rest2, noun in found:
        assert numbers[total] - numbers[gift] == numbers[rest]
        assert numbers[rest] - numbers[gift2] == numbers[rest2]
        assert verb == ("was" if rest2 == "one" else "were")
        assert noun.endswith("s") == (rest2 != "one")
