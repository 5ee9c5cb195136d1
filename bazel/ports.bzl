"""What is built for: the one table of ports. A new OS or arch is a line here, a toolchain in //bazel/toolchain, and the
folders that bear its name in abi/ and runtime/."""

# OS-ARCH as this project names it -> Bazel's words for the two (@platforms//os, @platforms//cpu).
PORTS = {
    "linux-amd64": ("linux", "x86_64"),
    "linux-386": ("linux", "x86_32"),
    "freebsd-amd64": ("freebsd", "x86_64"),
    "freebsd-386": ("freebsd", "x86_32"),
}

# The OSes whose libc is on the machine that builds: there programs have a twin beside it. One machine builds for all the
# others too, but with no libc of theirs.
WITH_LIBC = ["linux"]

def label_name(port):
    """The port's name in labels: linux_amd64."""
    return port.replace("-", "_")

def by_port(texts):
    """A select over all ports.

    Args:
      texts: strings in which {os} and {arch} stand for the names, as this project writes them, of what is built for.

    Returns:
      select(), with the list of these strings for each port.
    """
    choices = {}
    for port in PORTS:
        os, arch = port.split("-")
        choices["//bazel/platforms:is_" + label_name(port)] = [text.format(os = os, arch = arch) for text in texts]
    return select(choices)
