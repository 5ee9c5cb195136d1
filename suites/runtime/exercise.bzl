"""The exercise program for every form of the runtime, and the test of each."""

load("//bazel:platform_binary.bzl", "platform_binary")
load("//bazel:ports.bzl", "EMULATED", "OSES", "PORTS", "WITH_LIBC", "label_name")
load("//runtime:runtime.bzl", "DEFECTS")

_LINKOPTS = {
    "": [
        "-nostdlib",
        "-static",
    ],
    ".hosted": [
        "-static",
        "-nostdlib++",
        "-lpthread",
    ],
}

def _exercise(name, form, defect, deps):
    suffix = form + (".with-" + defect if defect else "")
    native.cc_binary(
        name = "_" + name + suffix,
        linkopts = _LINKOPTS[form],
        tags = ["manual"],
        deps = deps[form] + ["//runtime:runtime" + form + ("." + defect if defect else "")],
    )
    for port, (os, _) in PORTS.items():
        # What it exercises beside the runtime are calls that Windows has not got; //suites/windows does without.
        if os == "windows" or form and port not in WITH_LIBC:
            continue
        release = OSES[os].get("exercised_on")

        # What the defects do in an emulator and on a model, the cells show; both take their time.
        if defect and (release or port in EMULATED):
            continue
        program = name + "." + port + suffix
        platform_binary(
            name = program,
            binary = ":_" + name + suffix,
            platform = "//bazel/platforms:" + label_name(port),
        )
        args = ["--program=$(rootpath :" + program + ")"] + (["--defect=" + defect] if defect else [])
        data = [":" + program]
        if port in EMULATED:
            args.append("--through=" + EMULATED[port])
        if release:
            args += ["--model=$(rootpath //kernel/model)", "--system=" + os + "-" + release]
            data = data + ["//kernel/model"]
        native.cc_test(
            name = "runtime." + port + suffix + ".test",
            size = "medium",
            args = args,
            data = data,
            # Stack limits, signals and threads as they are, not as a sandbox has them.
            tags = ["local"],
            deps = [":runtime_test"],
        )

def exercises(name, deps):
    """Declares NAME.<os>-<arch>[.hosted][.with-<defect>] and runtime.<…>.test for each.

    Args:
      name: the program's name.
      deps: form ("" or ".hosted") -> the program's objects.
    """
    for form in ["", ".hosted"]:
        for defect in [""] + DEFECTS:
            _exercise(name, form, defect, deps)
