"""Programs of the bench that are told what to do as JSON on standard input, and answer with JSON."""

import subprocess
import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from tests.bench.children import ROOT

Answer = TypeVar("Answer")


def asked(module: str, questions: Sequence[msgspec.Struct], answer: type[Answer], *, seconds: float) -> list[Answer]:
    """Run a module once for each question, all at the same time. Raises RuntimeError when one fails."""
    started = [_start(module, question) for question in questions]
    try:
        return [_answer(module, process, answer, seconds) for process in started]
    finally:
        for process in started:
            process.kill()  # Nothing happens when it has ended by itself.
            process.wait()


def _start(module: str, question: msgspec.Struct) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if process.stdin is None:
        raise RuntimeError(f"{module} was started without a pipe")
    with process.stdin as pipe:
        pipe.write(msgspec.json.encode(question))
    process.stdin = None
    return process


def _answer(module: str, process: subprocess.Popen[bytes], answer: type[Answer], seconds: float) -> Answer:
    told, complaint = process.communicate(timeout=seconds)
    if process.returncode != 0:
        raise RuntimeError(f"{module} failed: {complaint.decode(errors='replace').strip()[-2000:]}")
    return msgspec.json.decode(told, type=answer)
