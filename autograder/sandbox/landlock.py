"""Landlock: what a child may open, whoever it is. A list of allowed folders; everything else is refused by the kernel.

It needs no privilege, cannot be undone, and is inherited by threads. Newer kernels hold more; `abi()` tells how much:
1 files, 2 moving between folders, 3 truncating, 4 TCP, 5 ioctl on devices, 6 signals and abstract sockets.

Not covered by Landlock: seeing that a path exists (stat), changing its mode, owner, times or attributes. seccomp.py
refuses the changes; existence can be guessed at the level without namespaces.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import linux

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every machine
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, REFER, TRUNCATE, IOCTL_DEV = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
TCP, SIGNALS_AND_ABSTRACT_SOCKETS = 0b11, 0b11
# Every right a kernel knows, by its ABI: handled, so refused unless a rule grants it.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
READ = READ_FILE | READ_DIR
SCRATCH = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


def abi() -> int:
    """Which Landlock this kernel has; 0 is none."""
    try:
        return linux.syscall("landlock", CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def restrict(readable: Iterable[Path], scratch: Path, listable: Iterable[Path] = ()) -> None:
    """From here on: read `readable`, list `listable`, read and write `scratch`, and nothing else."""
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock")
    handled = FILE_RIGHTS[min(version, 5)]
    fields = [handled, *([TCP] if version >= 4 else []), *([SIGNALS_AND_ABSTRACT_SOCKETS] if version >= 6 else [])]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    size = ctypes.c_size_t(len(attributes))
    ruleset = linux.syscall("landlock_create_ruleset", CREATE_RULESET, attributes, size, ctypes.c_uint32(0))
    for path in listable:
        _allow(ruleset, path, READ_DIR)
    for path in readable:
        _allow(ruleset, path, READ)
    _allow(ruleset, Path("/dev/null"), READ_FILE | WRITE_FILE | TRUNCATE & handled)
    _allow(ruleset, scratch, SCRATCH & handled)
    linux.syscall("landlock_restrict_self", RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Add one rule. A path that is not there grants nothing."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= ON_FILES
    rule = struct.pack("=Qi", rights, descriptor)  # struct landlock_path_beneath_attr, packed
    arguments = (ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    linux.syscall("landlock_add_rule", ADD_RULE, *arguments)
    os.close(descriptor)
