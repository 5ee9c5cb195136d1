"""The runtime's libraries: two forms, and each form with each historical defect."""

load("//bazel:copts.bzl", "FREESTANDING_COPTS", "HOSTED_COPTS")
load("//bazel:ports.bzl", "by_port")

# Every defect of defects.h, and the objects it changes. The others are compiled once for all.
DEFECTS = [
    "trust-m",
    "badsignal",
    "fixed-64k",
    "fixed-8k",
    "attr-size",
    "sa-restart",
]

# Ways into the kernel beside the arch's own. int80: INT 0x80 instead of SYSCALL where a port offers both (freebsd-amd64);
# elsewhere it changes nothing.
PATHS = [
    "",
    "int80",
]

# The check of the stack on entry to every function (nosplit.h).
_CHECKED = ["-finstrument-function-entry-bare"]

# The core is the same beside a libc and without one, so it may not use any.
RUNTIME_COPTS = FREESTANDING_COPTS + _CHECKED
HOSTED_RUNTIME_COPTS = HOSTED_COPTS + _CHECKED + ["-nostdinc++"]

def port_files(names):
    """Files of the OS that is built for: every folder in os/ holds the same ones.

    Args:
      names: file names in os/<os>/, {arch} standing for the arch.

    Returns:
      a select over all ports.
    """
    return by_port(["os/{os}/" + name for name in names])

def kin_files(names):
    """The same for what an OS shares with those of its descent (//bazel:ports.bzl), where it has such; else its own.

    Args:
      names: file names in os/<kin>/, {arch} standing for the arch.

    Returns:
      a select over all ports.
    """
    return by_port(["os/{kin}/" + name for name in names])

def image_files(names):
    """Files of the form that programs have on the OS that is built for.

    Args:
      names: file names in <image>/.

    Returns:
      a select over all ports.
    """
    return by_port(["{image}/" + name for name in names])

def runtime_libraries(name, defect_srcs):
    """Declares NAME[.PATH][.DEFECT] and NAME.hosted[.DEFECT].

    Args:
      name: of the default one.
      defect_srcs: the sources that look at defects.h.
    """
    for defect in [""] + DEFECTS:
        suffix = "." + defect if defect else ""
        native.cc_library(
            name = "_defect" + (suffix or ".none"),
            srcs = defect_srcs,
            copts = RUNTIME_COPTS,
            local_defines = ["FAULTLINE_DEFECT_" + defect.upper().replace("-", "_") + "=1"] if defect else [],
            deps = [":internal"],
        )
        for form, path in [("", path) for path in PATHS] + [(".hosted", "")]:
            native.cc_library(
                name = name + form + ("." + path if path else "") + suffix,
                visibility = ["//visibility:public"],
                deps = [
                    ":_core",
                    ":_defect" + (suffix or ".none"),
                    ":_entry" + ("." + path if path else ""),
                    ":_hosted" if form else ":_freestanding",
                    ":headers",
                ],
            )
