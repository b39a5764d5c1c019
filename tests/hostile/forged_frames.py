"""Scenario 41: frames forged for the judge, by somebody who knows how they are made."""

from scenario import Attack, Earns, and_right, in_call

FORGE = """
import os, struct
TRUE = b"\\x0d\\0\\0\\0" + b'["bool",true]'
def frame(kind, payload=b""):
    return kind + struct.pack("<I", len(payload)) + payload
def put(data, fd=3):
    try:
        os.write(fd, data)
    except OSError:
        pass
def claim(exercises=range(6), probes=range(20), said=TRUE):
    for exercise in exercises:
        for probe in probes:
            put(frame(b"F", struct.pack("<HH", exercise, probe) + said))
"""
NOTHING_BESIDE = in_call("return None")


def forged(name: str, body: str, goal: str, **more: object) -> Attack:
    answer = f"{FORGE}{body.strip()}\n\n{NOTHING_BESIDE}"
    return Attack(f"frames-{name}", (41,), goal, answer, **{"hurts_itself": True} | more)


STRANGE = r"""
texts = ["[" * 90000, '["_typed",1]', '["bool",1]', '["int",true]', '["none",1]', "{}", "7"]
texts += ['["int",' + "9" * 4300 + "]", '["float","0x1p+99999"]', '["float","nan"]', '["str","s"]]]']
texts += ['["dict",[[["list",[]],["none"]]]]', '["set",[["list",[]]]]', '["tensor",[],[],[0,0]]']
texts += ['["tensor","float32",[0,4611686018427387904],[0,0]]', '["tensor","float32",[-1],[0,-4]]']
texts += ['["raised","","",1e999,""]', '["raised","\ud800","' + "m" * 5000 + '",-5,""]']
said = [b"", b"\xff" * 40, b"\0\0\0\0", b"\xff\xff\xff\xff" + b"[]", b"\2\0\0\0[]", b"\6\0\0\0[\"no\"]"]
for text in texts:
    data = text.encode("utf-8", "surrogatepass")
    said.append(struct.pack("<I", len(data)) + data)
for number, one in enumerate(said * 5):
    claim(exercises=[number % 6], probes=[number // 6], said=one)
"""

FORGED_FRAMES = (
    forged("before", "claim()", "what is reported first counts"),
    forged("true-for-all", "claim(said=b'\\x0b\\0\\0\\0[\"none\"]    ')", "one of them will fit"),
    forged("twice", "for _ in range(50): claim()", "what is reported often counts"),
    forged("then-the-end", "claim()\nput(frame(b'E'))", "nothing after the end contradicts me"),
    forged("the-end-at-once", "put(frame(b'E'))", "an empty report has no failure in it"),
    forged("refusal", "put(frame(b'U', b'our fault'))", "the grader's fault costs me nothing"),
    forged("ready-again", "put(frame(b'R'))", "begin again, with me"),
    forged("half", "put(frame(b'F', bytes(100))[:50])\nos._exit(0)", "the reader waits for the rest"),
    forged("four-gigabytes", "put(b'F' + b'\\xff' * 4)", "the reader makes room for it"),
    forged("noise", "put(bytes(range(256)) * 64)", "the reader stumbles"),
    forged(
        "flood",
        "while True: os.write(3, frame(b'F') * 10000)",
        "three million empty frames",
    ),
    forged("strange", STRANGE, "a value that the judge's own code trips over"),
    forged("out-of-memory", "put(frame(b'M'))", "too little memory is the grader's fault"),
    forged(
        "from-a-thread",
        "import threading\nthreading.Thread(target=lambda: [claim() for _ in range(200)], daemon=True).start()",
        "mine come in between",
    ),
    Attack(
        "frames-late",
        (41, 11),
        "what is reported last counts",
        FORGE
        + """
_exit = os._exit
def leave(code):
    claim()
    put(frame(b"E"))
    _exit(code)
os._exit = leave
"""
        + NOTHING_BESIDE,
    ),
    Attack(
        "frames-for-others",
        (41,),
        "my other exercises, all right",
        FORGE + "claim(range(1, 400), range(40))\n" + NOTHING_BESIDE,
        hurts_itself=True,
    ),
    Attack(
        "every-descriptor",
        (41, 44),
        "one of them leads to the judge",
        in_call("""
import os
for fd in range(3, 256):
    try:
        os.write(fd, b'{"points": 6}\\n' * 1000)
    except OSError:
        pass
return None"""),
        hurts_itself=True,
    ),
    Attack(
        "right-after-all",
        (41,),
        "a right answer beside forged frames for places that do not exist",
        and_right(FORGE + "claim(range(1000, 1010))"),
        earns=Earns.FULL,
    ),
)
