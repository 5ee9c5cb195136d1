"""The smallest Linux programs, made here: run somewhere, they tell whether programs run there and on which kernel."""

from __future__ import annotations

import struct
from typing import Any, Mapping

# What `INTRODUCTIONS` exit with once they have said where they are: no place ends with this of itself.
INTRODUCED = 42

# struct new_utsname: six texts of 65 bytes, the same on every architecture (include/uapi/linux/utsname.h).
_UTS_FIELDS = ("system", "node", "release", "version", "machine", "domain")
_UTS_TEXT = 65
_UTS_SIZE = len(_UTS_FIELDS) * _UTS_TEXT


def _elf_386(code: bytes) -> bytes:
    """An i386 program: ELF header, one program header, the code."""
    base, headers = 0x08048000, 52 + 32
    size = headers + len(code)
    identity = b"\x7fELF\x01\x01\x01" + bytes(9)
    # ET_EXEC, EM_386.
    head = struct.pack("<16sHHIIIIIHHHHHH", identity, 2, 3, 1, base + headers, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    return head + struct.pack("<8I", 1, 0, base, base, size, size, 5, 0x1000) + code


def _elf_amd64(code: bytes) -> bytes:
    """An x86-64 program, of the same parts."""
    base, headers = 0x400000, 64 + 56
    size = headers + len(code)
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    # ET_EXEC, EM_X86_64.
    head = struct.pack("<16sHHIQQQIHHHHHH", identity, 2, 62, 1, base + headers, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return head + struct.pack("<2I6Q", 1, 5, 0, base, base, size, size, 0x1000) + code


def _elf_words(machine: int, flags: int, *words: int) -> bytes:
    """A program of an arch whose instructions are words: 64 bits but for EM_ARM (40)."""
    code = struct.pack(f"<{len(words)}I", *words)
    program = bytearray(_elf_386(code) if machine == 40 else _elf_amd64(code))
    struct.pack_into("<H", program, 18, machine)
    struct.pack_into("<I", program, 36 if machine == 40 else 48, flags)
    return bytes(program)


def _number(value: int) -> bytes:
    return struct.pack("<I", value)


# _exit(0) by INT 0x80.
EXIT_0_386 = _elf_386(b"\x31\xdb" + b"\xb8" + _number(1) + b"\xcd\x80")

# uname(stack); write(1, stack, sizeof(struct new_utsname)); exit(INTRODUCED). The numbers: abi/linux/*/numbers.h.
INTRODUCTIONS: Mapping[str, bytes] = {
    "386": _elf_386(
        b"\x81\xec"  # sub $512, %esp
        + _number(512)
        + b"\x89\xe3\xb8"  # mov %esp, %ebx; mov $uname, %eax
        + _number(122)
        + b"\xcd\x80\xbb"  # int $0x80; mov $1, %ebx
        + _number(1)
        + b"\x89\xe1\xba"  # mov %esp, %ecx; mov $size, %edx
        + _number(_UTS_SIZE)
        + b"\xb8"  # mov $write, %eax
        + _number(4)
        + b"\xcd\x80\xbb"  # int $0x80; mov $INTRODUCED, %ebx
        + _number(INTRODUCED)
        + b"\xb8"  # mov $exit, %eax
        + _number(1)
        + b"\xcd\x80"
    ),
    "amd64": _elf_amd64(
        b"\x48\x81\xec"  # sub $512, %rsp
        + _number(512)
        + b"\x48\x89\xe7\xb8"  # mov %rsp, %rdi; mov $uname, %eax
        + _number(63)
        + b"\x0f\x05\xbf"  # syscall; mov $1, %edi
        + _number(1)
        + b"\x48\x89\xe6\xba"  # mov %rsp, %rsi; mov $size, %edx
        + _number(_UTS_SIZE)
        + b"\xb8"  # mov $write, %eax
        + _number(1)
        + b"\x0f\x05\xbf"  # syscall; mov $INTRODUCED, %edi
        + _number(INTRODUCED)
        + b"\xb8"  # mov $exit_group, %eax
        + _number(231)
        + b"\x0f\x05"
    ),
    # EM_AARCH64.
    "arm64": _elf_words(
        183,
        0,
        0xD10803FF,  # sub sp, sp, #512
        0x910003E0,  # mov x0, sp
        0xD2801408,  # mov x8, #uname
        0xD4000001,  # svc #0
        0xD2800020,  # mov x0, #1
        0x910003E1,  # mov x1, sp
        0xD2800002 | _UTS_SIZE << 5,  # mov x2, #size
        0xD2800808,  # mov x8, #write
        0xD4000001,
        0xD2800000 | INTRODUCED << 5,  # mov x0, #INTRODUCED
        0xD2800BC8,  # mov x8, #exit_group
        0xD4000001,
    ),
    # EM_ARM, EABI version 5.
    "arm": _elf_words(
        40,
        0x05000000,
        0xE24DDC02,  # sub sp, sp, #512
        0xE1A0000D,  # mov r0, sp
        0xE3A0707A,  # mov r7, #uname
        0xEF000000,  # svc #0
        0xE3A00001,  # mov r0, #1
        0xE1A0100D,  # mov r1, sp
        0xE3002000 | _UTS_SIZE,  # movw r2, #size
        0xE3A07004,  # mov r7, #write
        0xEF000000,
        0xE3A00000 | INTRODUCED,  # mov r0, #INTRODUCED
        0xE3A070F8,  # mov r7, #exit_group
        0xEF000000,
    ),
    # EM_RISCV.
    "riscv64": _elf_words(
        243,
        0,
        0xE0010113,  # addi sp, sp, -512
        0x00010513,  # mv a0, sp
        0x0A000893,  # li a7, uname
        0x00000073,  # ecall
        0x00100513,  # li a0, 1
        0x00010593,  # mv a1, sp
        0x00000613 | _UTS_SIZE << 20,  # li a2, size
        0x04000893,  # li a7, write
        0x00000073,
        0x00000513 | INTRODUCED << 20,  # li a0, INTRODUCED
        0x05E00893,  # li a7, exit_group
        0x00000073,
    ),
}


def introduction(said: bytes) -> dict[str, Any]:
    """What such a program said of its kernel, as facts; empty when these are none."""
    if len(said) != _UTS_SIZE:
        return {}
    texts = [said[place : place + _UTS_TEXT].split(b"\0")[0] for place in range(0, _UTS_SIZE, _UTS_TEXT)]
    facts = {name: text.decode("utf-8", "replace") for name, text in zip(_UTS_FIELDS, texts)}
    del facts["domain"]
    return facts
