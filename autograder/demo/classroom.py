"""A class, dealt out by a seed: the same unit and the same number of students make the same submissions.

Every misconception is somebody's, unless an exercise has more of them than the class has students to be mistaken. Each
of those is wrong in one way here and in another there, and the first misconception written down for an exercise, as a
rule the most natural, spreads to a few more.
"""

import re
from collections import deque
from collections.abc import Iterable
from itertools import count
from random import Random

from autograder.course import Course, Exercise, Unit
from autograder.demo.attacks import ATTACKS, attack_source
from autograder.demo.notebooks import DAMAGES, Answer, Group, HandIn
from autograder.source import read_answer
from autograder.variants import alternatives_of, misconception_source, misconceptions_of

HONEST = [
    "ada", "grace", "alan", "emmy", "kurt", "mary", "alonzo", "barbara", "edsger", "hedy", "norbert", "katherine",
    "dennis", "radia", "john", "margaret", "tony", "frances", "niklaus", "anita", "donald", "shafi", "silvio",
    "adele", "leslie", "judea", "whitfield", "evelyn", "edith", "hilary", "noor", "ines", "yusuf",
]
HOSTILE = ["mallory", "eve", "trudy", "oscar", "sybil", "craig", "chuck"]


def students_of(num_students: int) -> tuple[list[str], list[str]]:
    """The honest and the hostile by name; about one in five means harm, but no more than there are attacks."""
    num_hostile = min(len(HOSTILE), num_students // 5)
    return _names(HONEST, num_students - num_hostile), HOSTILE[:num_hostile]


def make_class(course: Course, unit: Unit, num_students: int, port: int = 0) -> list[HandIn]:
    """What everybody hands in for one unit, by student. `port` is where an attacker hopes to be heard."""
    honest, hostile = students_of(num_students)
    classroom = _Classroom(course, unit)
    hand_ins = [*classroom.honest(honest), *classroom.hostile(hostile, port)]
    return sorted(hand_ins, key=lambda hand_in: hand_in.student)


def enough_students(course: Course, unit: Unit, at_least: int) -> int:
    """The size of the smallest class, from `at_least` up, in which every misconception of the unit is somebody's."""
    classroom = _Classroom(course, unit)
    return next(n for n in count(at_least) if classroom.shows_everything(len(students_of(n)[0])))


class _Classroom:
    def __init__(self, course: Course, unit: Unit) -> None:
        self.course, self.unit = course, unit
        self.random = Random(f"a class for {unit.name}")
        self._answers = {e.name: read_answer(course, unit, e) for e in unit.exercises}
        self.mistakes = {e.name: self._mistakes(e) for e in unit.exercises}
        self._styles = {name: deque([("reference", answer.source)]) for name, answer in self._answers.items()}
        for name, style, source in alternatives_of(unit):
            self._styles[name].append((style, self._complete(unit.exercise(name), source)))

    def honest(self, students: list[str]) -> Iterable[HandIn]:
        students = self.random.sample(students, len(students))
        groups = self._groups(len(students))
        hand_ins = [HandIn(student, group) for student, group in zip(students, groups, strict=True)]
        for hand_in in hand_ins:
            hand_in.answers = {e.name: self._right(e) for e in self.unit.exercises}
        self._damage([h for h in hand_ins if h.group == "damaged"])
        self._leave_blank([h for h in hand_ins if h.group in ("blank", "partly blank")])
        self._mislead([h for h in hand_ins if h.group == "mistaken"])
        return hand_ins

    def shows_everything(self, num_honest: int) -> bool:
        wanted = max(len(mistakes) for mistakes in self.mistakes.values())
        return self._groups(num_honest).count("mistaken") >= wanted

    def hostile(self, students: list[str], port: int) -> Iterable[HandIn]:
        """Each attacks in one answer and is right in the others; another attack and another exercise in every unit."""
        place = self.course.units.index(self.unit)
        for i, student in enumerate(students):
            attack = ATTACKS[(i + place) % len(ATTACKS)]
            target = self.unit.exercises[(i + place) % len(self.unit.exercises)]
            answers = {e.name: self._right(e) for e in self.unit.exercises}
            source = attack_source(attack, self.course, self.unit, target, port)
            answers[target.name] = Answer(target, "attack", attack.__name__, source)
            yield HandIn(student, "hostile", answers)

    def _groups(self, num_students: int) -> list[Group]:
        """So many mistaken that each misconception finds somebody, if one in ten of the class can still be right."""
        groups: list[Group] = ["blank"] * max(1, num_students // 30) + ["partly blank"] * max(1, num_students // 15)
        groups += ["damaged"] * min(len(DAMAGES), max(1, num_students // 4))
        free = max(0, num_students - len(groups))
        wanted = max(len(mistakes) for mistakes in self.mistakes.values())
        mistaken = max(0, min(max(wanted, free * 3 // 4), free - max(1, num_students // 10)))
        return (["right"] * (free - mistaken) + ["mistaken"] * mistaken + groups)[:num_students]

    def _right(self, exercise: Exercise) -> Answer:
        """The next style in turn."""
        styles = self._styles[exercise.name]
        styles.rotate(-1)
        return Answer(exercise, "right", *styles[-1])

    def _damage(self, hand_ins: list[HandIn]) -> None:
        names = list(DAMAGES)
        for hand_in, number in zip(hand_ins, count(self.random.randrange(len(names)))):
            hand_in.damage = names[number % len(names)]
            exercise = self.random.choice(self.unit.exercises)
            if hand_in.damage == "syntax error":
                source = self._styles[exercise.name][0][1]
                broken = source.rstrip() + "\n)"  # a bracket too many
                hand_in.answers[exercise.name] = Answer(exercise, "broken", source=broken)
            elif hand_in.damage == "answer cell deleted":
                hand_in.answers[exercise.name] = Answer(exercise, "lost")

    def _leave_blank(self, hand_ins: list[HandIn]) -> None:
        for hand_in in hand_ins:
            kept = 0 if hand_in.group == "blank" else self.random.randrange(1, len(self.unit.exercises))
            for exercise in self.unit.exercises[kept:]:
                hand_in.answers[exercise.name] = Answer(exercise, "blank")

    def _mislead(self, hand_ins: list[HandIn]) -> None:
        """Deal out the mistakes: the next one always to who has the fewest so far."""
        for exercise in self.unit.exercises:
            without = list(hand_ins)
            for mistake in self.mistakes[exercise.name]:
                if without:
                    hand_in = min(without, key=_num_mistakes)
                    without.remove(hand_in)
                    hand_in.answers[exercise.name] = mistake
            for hand_in in without:
                if self.random.random() < 0.3:
                    hand_in.answers[exercise.name] = self.mistakes[exercise.name][0]

    def _mistakes(self, exercise: Exercise) -> list[Answer]:
        """As they are written, but several mistakes in one come last: there may not be enough students for them."""
        mistakes = sorted(misconceptions_of(self.unit, exercise), key=lambda mistake: len(mistake.edit or ()) > 1)
        sources = [misconception_source(self.course, self.unit, mistake) for mistake in mistakes]
        return [
            Answer(exercise, "mistake", mistake.name, self._complete(exercise, source))
            for mistake, source in zip(mistakes, sources, strict=True)
        ]

    def _complete(self, exercise: Exercise, source: str) -> str:
        """An answer with the helpers of the reference that it calls: who answers like this has written them too."""
        texts = {name: helper.text for helper in self._answers[exercise.name].helpers for name in helper.names}
        while called := [name for name in texts if _uses(source, name) and not _defines(source, name)]:
            source += "\n\n\n" + texts[called[0]]
        return source


def _uses(source: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", source) is not None


def _defines(source: str, name: str) -> bool:
    return re.search(rf"^(def |class )?{name}\b", source, re.MULTILINE) is not None


def _num_mistakes(hand_in: HandIn) -> int:
    return sum(answer.kind == "mistake" for answer in hand_in.answers.values())


def _names(names: list[str], num: int) -> list[str]:
    """`ada`, `grace`, …, then `ada2`, `grace2`, …"""
    return [names[i % len(names)] + (str(i // len(names) + 1) if i >= len(names) else "") for i in range(num)]
