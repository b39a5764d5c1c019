"""Scenarios 14, 15 and 45: results that are no results, and that fight whoever looks at them."""

from scenario import Attack, in_call

from autograder.verdict import Outcome


def fights(name: str, body: str, **more: object) -> Attack:
    """A value that does something when it is looked at."""
    return Attack(f"value-{name}", (45,), "whoever looks at my result", in_call(body), **more)


ODD_VALUES = (
    Attack(
        "pickle",
        (14,),
        "whoever loads my result runs my program",
        in_call("""
import io, os, pickle, torch
class Bomb:
    def __reduce__(self): return os.system, (f"touch {COURSE}/pickle-ran; curl http://127.0.0.1:{PORT}/",)
file = io.BytesIO()
torch.save({"model": Bomb()}, file)
return [pickle.dumps(Bomb()), file.getvalue(), Bomb()]"""),
    ),
    Attack(
        "not-a-number",
        (15,),
        "NaN equals nothing, so nothing is unequal",
        in_call("import torch\nreturn torch.full((2, 5, 4), float('nan'))"),
    ),
    Attack(
        "infinite",
        (15,),
        "infinity is within every tolerance",
        in_call("import torch\nreturn torch.full((*q.shape[:-1], v.shape[-1]), float('inf'))"),
    ),
    Attack("huge-tensor", (15,), "the judge chokes", in_call("import torch\nreturn torch.zeros(1 << 26)")),
    Attack("huge-text", (15,), "the judge chokes", in_call("return 'x' * (1 << 28)")),
    Attack(
        "nested-answer", (15,), "the judge's stack ends", in_call("a = []\nfor _ in range(100000): a = [a]\nreturn a")
    ),
    Attack(
        "own-points",
        (15,),
        "a number is a mark",
        in_call("""
print('{"points": 1e999, "points": 99}')
return {'score': 1e308 * 10, 'points': 99, 'passed': True}"""),
    ),
    fights(
        "endless-keys",
        """
class D(dict):
    def items(self):
        while True: yield 1, 2
    keys = __iter__ = items
return D(a=1)""",
    ),
    fights(
        "endless-repr",
        """
class S:
    def __repr__(self):
        while True: pass
    __hash__ = object.__hash__
return {S(), S()}""",
    ),
    fights(
        "raises-exit",
        "class B(list):\n    def __iter__(self): raise SystemExit\n    __len__ = __iter__\nreturn B([1])",
        says="SystemExit",
    ),
    fights(
        "raises-a-liar",
        "class E(BaseException):\n    def __str__(self): raise self\n    __repr__ = __str__\nraise E",
        says="",
    ),
    fights(
        "lying-class",
        """
class C:
    __class__ = property(lambda self: float)
    __float__ = lambda self: 1.0
    hex = lambda self: '0x0'
return C()""",
    ),
    fights(
        "grows",
        """
class G(tuple):
    def __iter__(self):
        n = 0
        while True:
            n += 1
            yield 'g' * n
return G((1,))""",
    ),
    fights("huge-int", "return 10 ** 100000"),
    fights(
        "text-subclass",
        """
class T(str):
    __str__ = lambda self: 't' * (1 << 27)
    __len__ = lambda self: 0
return T('x')""",
    ),
    fights("itself", "a = []\na.append(a)\nreturn a"),
    fights("surrogate", "return {'\\ud800': '\\udfff\\x1b[2J', b'': float('nan')}"),
    fights(
        "del",
        "class D:\n    def __del__(self):\n        while True: pass\nD()\nreturn None",
        outcome=Outcome.TIMED_OUT,
        endless=True,
    ),
)
