"""The handler of these tests: runs the job as Python, confined, with `send(value)` and `send_bytes(payload)`."""

import builtins
import ctypes
import errno
import importlib
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

libc = ctypes.CDLL(None, use_errno=True)
TOOLS = (builtins, ctypes, errno, importlib, mmap, os, resource, signal, socket, sys, threading, time)


def call(number: int, *arguments: int) -> int:
    """A raw system call."""
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def run(job: bytes, send: Callable[[bytes], None]) -> None:
    """Everything an attacker would import is at hand."""
    tools = {module.__name__: module for module in TOOLS}
    exec(job, {**tools, "call": call, "send_bytes": send, "send": lambda value: send(repr(value).encode())})
