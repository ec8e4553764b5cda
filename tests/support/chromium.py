#!/usr/bin/env python3
"""Chromium as the tests' browser, which does not see interfaces of this host come and go.

When an address of the host appears, as one does with each guest of a cloud's and each container, Chromium ends every
HTTP/2 connection and the pages that are on their way: ERR_NETWORK_CHANGED. It watches by a socket of rtnetlink. Here it
gets none, and takes the network for a steady one; it asks consoles of this host alone. No flag of its own does that.
"""

import ctypes
import errno
import os
import struct
import sys

CHROMIUM = "/usr/bin/chromium-headless-shell"
X86_64, SOCKET, AF_NETLINK, NETLINK_ROUTE = 0xC000003E, 41, 16, 0
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET
REFUSED, ALLOWED = 0x50000 | errno.EAFNOSUPPORT, 0x7FFF0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
# of struct seccomp_data
CALL, ARCHITECTURE, FIRST, THIRD = 0, 4, 16, 32
PROGRAM = [
    (LOAD, 0, 0, ARCHITECTURE), (IF_EQUAL, 0, 7, X86_64),
    (LOAD, 0, 0, CALL), (IF_EQUAL, 0, 5, SOCKET),
    (LOAD, 0, 0, FIRST), (IF_EQUAL, 0, 3, AF_NETLINK),
    (LOAD, 0, 0, THIRD), (IF_EQUAL, 0, 1, NETLINK_ROUTE),
    (RETURN, 0, 0, REFUSED), (RETURN, 0, 0, ALLOWED),
]  # fmt: skip


def see_no_interfaces() -> None:
    """From now on, of this process and all that it starts. Elsewhere than on x86-64 nothing is refused."""
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in PROGRAM))
    program = struct.pack("HxxxxxxP", len(PROGRAM), ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program
    ):
        sys.exit(f"Chromium cannot be kept from seeing interfaces: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    see_no_interfaces()
    os.execv(CHROMIUM, [CHROMIUM, *sys.argv[1:]])
