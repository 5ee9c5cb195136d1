"""The runtime's libraries: two forms, and each form with each historical defect."""

# Every defect of defects.h, and the objects it changes. The others are compiled once for all.
DEFECTS = [
    "trust-m",
    "badsignal",
    "fixed-64k",
    "fixed-8k",
    "attr-size",
    "sa-restart",
]

# How the runtime's own code is compiled. Frame pointers: tracebacks walk them. No unwind tables, no exceptions:
# there is nothing under it that could unwind.
_COPTS = [
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-stack-protector",
    "-fno-threadsafe-statics",
    "-fno-omit-frame-pointer",
    "-mno-omit-leaf-frame-pointer",
    "-fno-asynchronous-unwind-tables",
]

# The check of the stack on entry to every function (nosplit.h).
_CHECKED = ["-finstrument-function-entry-bare"]

# The core is the same beside a libc and without one, so it may not use any.
FREESTANDING_COPTS = _COPTS + ["-ffreestanding"]
RUNTIME_COPTS = FREESTANDING_COPTS + _CHECKED
HOSTED_COPTS = _COPTS + _CHECKED + ["-nostdinc++"]

def runtime_libraries(name, defect_srcs):
    """Declares NAME[.hosted][.DEFECT].

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
        for form in ["", ".hosted"]:
            native.cc_library(
                name = name + form + suffix,
                visibility = ["//visibility:public"],
                deps = [
                    ":_core",
                    ":_defect" + (suffix or ".none"),
                    ":_hosted" if form else ":_freestanding",
                    ":headers",
                ],
            )
