"""Becomes a server: run as a script, it takes on an identity, ties its life to its parent and turns into the program.

Usage: `launch.py WAY PARENT DEATH_SIGNAL UID GID PROGRAM [ARGUMENT...]`, or `launch.py WAY PARENT DEATH_SIGNAL UID GID
--reach PATH...` to try only whether that identity can open the paths. A script of its own, because the same steps
between fork and exec of the supervisor (`preexec_fn`) may deadlock as soon as the supervisor has threads.
It imports nothing of this project and little else: it is started with `-I -S`, in about 15 ms.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

CANNOT_BE = 97
PARENT_GONE = 98
CANNOT_REACH = 99

# Numbers of the Linux interface: sched.h, prctl.h, capability.h.
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1


def main(way: str, parent: str, death_signal: str, uid: str, gid: str, *command: str) -> None:
    """Take on the identity, then become the command. Ends with a code of its own when it cannot."""
    try:
        _become(way, int(uid), int(gid))
    except OSError as refusal:
        _end(CANNOT_BE, f"cannot take on the identity {way!r}: {refusal}")
    _leave_terminal()
    _die_with(int(parent), int(death_signal))
    try:
        if command[0] == "--reach":
            _reach(command[1:])
        else:
            os.execv(command[0], command)
    except OSError as refusal:
        _end(CANNOT_REACH, f"{refusal}")


def _become(way: str, uid: int, gid: int) -> None:
    if way == "namespace":
        _enter_namespace(uid, gid)
    elif way == "nobody":
        _drop_to(uid, gid)
    elif way == "nobody-anywhere":
        _call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
        _drop_to(uid, gid)
        _keep_file_capability()


def _enter_namespace(uid: int, gid: int) -> None:
    """Be `uid` in our own eyes while every file still sees the user that we were (user_namespaces(7))."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def _drop_to(uid: int, gid: int) -> None:
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _keep_file_capability() -> None:
    """Keep, of all that root may do, only the passing of closed folders, and keep it across exec (capabilities(7))."""
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _call("capset", ctypes.byref(header), ctypes.byref(sets))
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _leave_terminal() -> None:
    """Ctrl-C is for the supervisor, which stops its servers in order; and no setting of ours leaks into them."""
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _die_with(parent: int, death_signal: int) -> None:
    """Have the kernel send the signal when the parent's thread ends (Linux). Set last: a change of user unsets it."""
    if sys.platform == "linux":
        _call("prctl", _PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            _end(PARENT_GONE, "the supervisor ended meanwhile")


def _reach(paths: tuple[str, ...]) -> None:
    """Do what a server does: pass through a folder, read a file. Asking for permission (`access`) knows less."""
    for path in paths:
        if Path(path).is_dir():
            os.chdir(path)
        else:
            os.close(os.open(path, os.O_RDONLY))


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _end(code: int, reason: str) -> None:
    sys.stderr.write(f"{reason}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
