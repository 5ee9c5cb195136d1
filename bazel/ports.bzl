"""What is built for: the one table of ports. A new OS or arch is a line here, a toolchain in //bazel/toolchain, and the
folders that bear its name in abi/ and runtime/."""

# OS-ARCH as this project names it -> Bazel's words for the two (@platforms//os, @platforms//cpu).
PORTS = {
    "linux-amd64": ("linux", "x86_64"),
    "linux-386": ("linux", "x86_32"),
    "freebsd-amd64": ("freebsd", "x86_64"),
    "freebsd-386": ("freebsd", "x86_32"),
    "netbsd-amd64": ("netbsd", "x86_64"),
    "netbsd-386": ("netbsd", "x86_32"),
}

# OSes of one descent: what they have in common lies in a folder that bears its name, {kin}, beside theirs.
KIN = {
    "freebsd": "bsd",
    "netbsd": "bsd",
}

# The OSes that Bazel has no word for; //bazel/platforms has.
_OWN_WORDS = ["netbsd"]

# The OSes whose libc is on the machine that builds: there programs have a twin beside it. One machine builds for all the
# others too, but with no libc of theirs.
WITH_LIBC = ["linux"]

def label_name(port):
    """The port's name in labels: linux_amd64."""
    return port.replace("-", "_")

def os_constraint(os):
    """The label of an OS as Bazel names it.

    Args:
      os: Bazel's word for it.

    Returns:
      a constraint_value of @platforms//os.
    """
    return "//bazel/platforms:" + os if os in _OWN_WORDS else "@platforms//os:" + os

def by_port(texts):
    """A select over all ports.

    Args:
      texts: strings in which {os}, {kin} and {arch} stand for the names, as this project writes them, of what is built
        for; {kin} is {os} where there is none.

    Returns:
      select(), with the list of these strings for each port, none of them twice.
    """
    choices = {}
    for port in PORTS:
        os, arch = port.split("-")
        names = []
        for text in texts:
            name = text.format(os = os, kin = KIN.get(os, os), arch = arch)
            if name not in names:
                names.append(name)
        choices["//bazel/platforms:is_" + label_name(port)] = names
    return select(choices)
