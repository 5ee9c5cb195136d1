"""abi_bug: one bug of the catalogue, declared once, expanded to everything that Bazel builds and tests for it."""

load("//bazel:copts.bzl", "FREESTANDING_COPTS", "HOSTED_COPTS")
load("//bazel:platform_binary.bzl", "platform_binary")
load("//bazel:ports.bzl", "WITH_LIBC", "label_name", "os_constraint")

# Links a program that has no libc: the runtime brings its own entry point.
_FREESTANDING_LINKOPTS = [
    "-nostdlib",
    "-static",
]

# The twin that lives beside a libc, in one file, so that it runs wherever the freestanding one does.
_HOSTED_LINKOPTS = [
    "-static",
    "-lpthread",
]

def _catalogue_json_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output = output, content = ctx.attr.content)
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(files = [output]))]

_catalogue_json = rule(
    doc = "The arguments of one abi_bug call as JSON: Bazel's view of the catalogue.",
    implementation = _catalogue_json_impl,
    attrs = {"content": attr.string(mandatory = True)},
)

def _matches(pattern, text):
    """fnmatch for patterns whose only wildcard is *."""
    parts = pattern.split("*")
    if len(parts) == 1:
        return pattern == text
    if not text.startswith(parts[0]):
        return False
    text = text[len(parts[0]):]
    for part in parts[1:-1]:
        found = text.find(part)
        if found < 0:
            return False
        text = text[found + len(part):]
    return text.endswith(parts[-1])

def _is_inapplicable(variant, target, inapplicable):
    for pattern in inapplicable:
        if _matches(pattern, variant + " on " + target):
            return True
    return False

def _test_name(bug, variant, target):
    for sign in ["@", "+", ",", "="]:
        target = target.replace(sign, ".")
    return bug + "." + variant + "." + target + ".test"

def abi_bug(
        name,
        title,
        seat,
        variants,
        cases,
        targets,
        expect,
        symptoms,
        srcs,
        upstream = [],
        affects = [],
        fault = "",
        tags = [],
        defects = {},
        breaks = [],
        hosted_cases = {},
        hosted_srcs = [],
        inapplicable = {},
        diagnoses = [],
        paths = {},
        also_for = [],
        only = {},
        srcs_instead = {}):
    """Declares one bug of the catalogue. Literal arguments only: the driver reads the same call without Bazel.

    Makes, for each variant and each OS and arch among the targets:
      <name>.<variant>.<os>-<arch>                  the freestanding program
      <name>.<variant>.<os>-<arch>.hosted           its twin beside a libc, where there are hosted cases and a libc
      <name>.<variant>.<os>-<arch>….with-<defect>   a variant of the default runtime, with that defect put into it
    and <name>.catalogue.json, and one test per cell that can run here; on a model, one for all variants.

    Args:
      name: the bug's id; also its folder.
      title: one line.
      seat: who breaks the contract, "kernel" or "runtime".
      variants: variant -> "vulnerable" or "immune"; vulnerable ones first.
      cases: case -> one line; run by the freestanding program.
      targets: the targets that cells are made for.
      expect: "VARIANT/CASE on TARGET" -> verdicts joined by "|"; the first pattern that matches counts.
      symptoms: what a reproduced bug looks like; any of, each a dict of which all must hold.
      srcs: the program.
      upstream: where it was reported and fixed.
      affects: the systems that had it.
      fault: the lie that shows a kernel's bug on a healthy kernel.
      tags: words to select by.
      defects: variant -> the runtime's defect it is built with; absent: the default runtime.
      breaks: defects that must turn a cell of this bug red when the default runtime gets them.
      hosted_cases: case -> one line; run by the hosted twin.
      hosted_srcs: further sources of the hosted twin.
      inapplicable: "VARIANT on TARGET" -> why this cell cannot exist.
      diagnoses: like symptoms: the runtime met the condition and said so.
      paths: variant -> the way into the kernel it is built with, "int80"; absent: the arch's own. Changes something only
        where the port offers both.
      also_for: ports that the programs are built for, although no target here names them: to be run elsewhere.
      only: case, * in it standing for anything -> the one OS that has it, or with a ! before it the one that has not;
        absent: all have.
      srcs_instead: OS -> what stands there instead of the first of srcs.
    """
    _catalogue_json(
        name = name + ".catalogue.json",
        content = json.encode_indent({
            "affects": affects,
            "also_for": also_for,
            "breaks": breaks,
            "cases": cases,
            "defects": defects,
            "diagnoses": diagnoses,
            "expect": expect,
            "fault": fault,
            "hosted_cases": hosted_cases,
            "hosted_srcs": hosted_srcs,
            "inapplicable": inapplicable,
            "name": name,
            "only": only,
            "paths": paths,
            "seat": seat,
            "srcs": srcs,
            "srcs_instead": srcs_instead,
            "symptoms": symptoms,
            "tags": tags,
            "targets": targets,
            "title": title,
            "upstream": upstream,
            "variants": variants,
        }, indent = "  ") + "\n",
    )

    ports = []
    for port in [target.split("@")[0] for target in targets] + also_for:
        if port not in ports:
            ports.append(port)

    programs = []
    for variant in variants:
        # Which runtimes this variant is linked with: its own, and, if that is the default one, the default
        # one again with each defect that must be noticed.
        runtimes = {"": defects.get(variant, "")}
        if variant not in defects:
            for defect in breaks:
                runtimes[".with-" + defect] = defect
        forms = [("", srcs, FREESTANDING_COPTS, _FREESTANDING_LINKOPTS, "")]
        if hosted_cases:
            forms.append((".hosted", srcs + hosted_srcs, HOSTED_COPTS, _HOSTED_LINKOPTS, ".hosted"))

        path = "." + paths[variant] if variant in paths else ""
        for form, form_srcs, copts, linkopts, runtime_form in forms:
            # The program is compiled once for each form; only what it is linked with differs.
            objects = "_" + name + "." + variant + form
            native.cc_library(
                name = objects,
                srcs = form_srcs[1:] + select(dict({
                    os_constraint(os): [first]
                    for os, first in srcs_instead.items()
                }, **{"//conditions:default": form_srcs[:1]})),
                alwayslink = True,
                copts = copts,
                local_defines = [
                    "FAULTLINE_BUG=\\\"" + name + "\\\"",
                    "FAULTLINE_VARIANT=\\\"" + variant + "\\\"",
                    "FAULTLINE_HOSTED=" + ("1" if form else "0"),
                ] + (["FAULTLINE_PATH_INT80=1"] if paths.get(variant) == "int80" else []),
                tags = ["manual"],
                deps = ["//repro/support" + (":hosted" if form else "")],
            )
            for suffix, defect in runtimes.items():
                binary = objects + suffix + ".bin"
                native.cc_binary(
                    name = binary,
                    linkopts = linkopts,
                    tags = ["manual"],
                    deps = [
                        ":" + objects,
                        "//runtime:runtime" + (runtime_form or path) + ("." + defect if defect else ""),
                    ],
                )
                for port in ports:
                    if form and port not in WITH_LIBC:
                        continue
                    on_port = [t for t in targets if t.startswith(port + "@")]
                    if port in also_for:
                        on_port.append(port + "@")
                    if not [t for t in on_port if not _is_inapplicable(variant, t, inapplicable)]:
                        continue
                    program = name + "." + variant + "." + port + form + suffix
                    platform_binary(
                        name = program,
                        binary = ":" + binary,
                        platform = "//bazel/platforms:" + label_name(port),
                    )
                    programs.append(":" + program)

    native.filegroup(
        name = name + ".programs",
        srcs = programs,
        visibility = ["//visibility:public"],
    )
    native.filegroup(
        name = name + ".declaration",
        srcs = [
            "BUILD.bazel",
            "README.md",
            ":" + name + ".catalogue.json",
            # A red cell names the line to read, in the program too.
        ] + srcs + hosted_srcs + srcs_instead.values(),
        visibility = ["//visibility:public"],
    )

    # What a test of this bug reads and runs.
    everything = [
        ":" + name + ".declaration",
        ":" + name + ".programs",
        "//kernel:inject",
        "//kernel/model",
        "//tools/jail",
        "//tools/pytest:driver",
    ]

    # Needs /proc, ptrace and namespaces of its own; a sandbox would only hide what is measured.
    test_tags = ["local"]

    native.sh_test(
        name = name + ".catalogue.test",
        size = "small",
        srcs = ["//suites/catalogue:catalogue_test.sh"],
        data = everything + ["//suites/catalogue:catalogue_test.py"],
        tags = test_tags,
    )
    if breaks or fault:
        native.sh_test(
            name = name + ".alarms.test",
            size = "large",
            srcs = ["//suites/alarms:alarms_test.sh"],
            data = everything + ["//suites/alarms:alarms_test.py"],
            tags = test_tags,
        )
    for target in targets:
        applicable = [v for v in variants if not _is_inapplicable(v, target, inapplicable)]

        # Each variant is judged by what the vulnerable ones show. Models are many: there all variants share that.
        tests = {v: v for v in applicable}
        if "@model-" in target:
            tests = {"all": "*"}
        for test, tested in tests.items():
            native.sh_test(
                name = _test_name(name, test, target),
                size = "medium",
                srcs = ["//tools/pytest:cell_test.sh"],
                args = [
                    name,
                    # Bazel splits arguments like a shell: keep them whole.
                    "'" + tested + "'",
                    "'" + target + "'",
                ],
                data = everything,
                tags = test_tags + ["cell"],
            )
