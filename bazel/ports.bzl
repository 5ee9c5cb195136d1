"""What is built for: the one table of ports. A new OS is a line here, and the folders that bear its name in abi/,
runtime/os/ and kernel/model/."""

# OS, as this project names it -> how it is built for:
#   triple        clang's word for it and its release, behind the arch
#   flags         what clang needs beside that
#   kin           OSes of one descent: what they have in common lies in a folder of that name, {kin}, beside theirs
#   image         the form of its programs, where it is not ELF; of macho, //tools/macho makes it of what the linker makes
#   exercised_on  the release of its model (//kernel/model) that the runtime's exercise is run on
# Linux is the machine that builds, and has a toolchain of its own. The driver reads this too: literals only.
OSES = {
    "linux": {},
    "freebsd": {"triple": "freebsd9", "kin": "bsd", "exercised_on": "9.1"},
    "netbsd": {"triple": "netbsd7", "kin": "bsd", "exercised_on": "8"},
    "openbsd": {"triple": "openbsd", "flags": ["-fno-emulated-tls"], "kin": "bsd", "exercised_on": "7.5"},
    "darwin": {"triple": "freebsd9", "kin": "bsd", "image": "macho", "exercised_on": "10.13"},
    "windows": {"triple": "windows-gnu", "image": "coff"},
}

# The ports whose libc is on the machine that builds: there programs have a twin beside it. One machine builds for all the
# others too, but with no libc of theirs.
WITH_LIBC = [
    "linux-amd64",
    "linux-386",
    "linux-arm64",
    "linux-arm",
]

# The ports whose programs a Debian machine on amd64 runs through QEMU's user mode alone -> the command that does it.
EMULATED = {
    "linux-arm64": "qemu-aarch64",
    "linux-arm": "qemu-arm",
    "linux-riscv64": "qemu-riscv64",
}

# Arch, as this project names it -> Bazel's word for it (@platforms//cpu), clang's, and what clang needs beside that.
ARCHES = {
    "amd64": struct(cpu = "x86_64", clang = "x86_64", flags = []),
    "386": struct(cpu = "x86_32", clang = "i386", flags = ["-march=i686"]),
    "arm64": struct(cpu = "aarch64"),
    "arm": struct(cpu = "arm"),
    "riscv64": struct(cpu = "riscv64"),
}

# OS-ARCH -> the two. Every OS on x86, the others on Linux alone.
PORTS = {
    os + "-" + arch: (os, arch)
    for os in OSES
    for arch in ARCHES
    if os == "linux" or hasattr(ARCHES[arch], "clang")
}

def label_name(port):
    """The port's name in labels: linux_amd64."""
    return port.replace("-", "_")

def os_constraint(os):
    """The label of an OS as Bazel names it.

    Args:
      os: its name in the table.

    Returns:
      a constraint_value of @platforms//os.
    """

    # Bazel has words for some of the others too; that makes no difference.
    return "@platforms//os:linux" if os == "linux" else "//bazel/platforms:" + os

def _cpu_constraint(cpu):
    # Bazel 4.2 has no word for this one.
    return "//bazel/platforms:riscv64" if cpu == "riscv64" else "@platforms//cpu:" + cpu

def constraints(port):
    """What a platform is told by.

    Args:
      port: OS-ARCH.

    Returns:
      the labels of its constraint values.
    """
    os, arch = PORTS[port]
    return [os_constraint(os), _cpu_constraint(ARCHES[arch].cpu)]

def kin_of(os):
    """The folder of what an OS shares with those of its descent; its own where there is none.

    Args:
      os: its name in the table.

    Returns:
      the folder's name.
    """
    return OSES[os].get("kin", os)

def by_port(texts, but = []):
    """A select over all ports.

    Args:
      texts: strings in which {os}, {kin} and {arch} stand for the names, as this project writes them, of what is built
        for, and {image} for the form of its programs; {kin} is {os} where there is none.
      but: the OSes that have none of these.

    Returns:
      select(), with the list of these strings for each port, none of them twice.
    """
    choices = {}
    for port, (os, arch) in PORTS.items():
        names = []
        for text in [] if os in but else texts:
            name = text.format(os = os, kin = kin_of(os), image = OSES[os].get("image", "elf"), arch = arch)
            if name not in names:
                names.append(name)
        choices["//bazel/platforms:is_" + label_name(port)] = names
    return select(choices)
