"""Builds one program for another platform, whatever platform the build as a whole is for."""

load("//bazel:ports.bzl", "OSES")

def _to_platform_impl(_settings, attr):
    return {"//command_line_option:platforms": attr.platform}

_to_platform = transition(
    implementation = _to_platform_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _platform_binary_impl(ctx):
    program = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    output = ctx.actions.declare_file(ctx.label.name)

    # A platform bears the name of its port, linux_386.
    if OSES[ctx.attr.platform.split(":")[-1].split("_")[0]].get("image") == "macho":
        ctx.actions.run(
            executable = ctx.file._macho,
            arguments = [program.path, output.path],
            inputs = [program],
            outputs = [output],
            mnemonic = "MachO",
        )
    else:
        ctx.actions.symlink(output = output, target_file = program, is_executable = True)
    return [DefaultInfo(
        executable = output,
        files = depset([output]),
        runfiles = ctx.runfiles(files = [output]),
    )]

platform_binary = rule(
    doc = "The program `binary` built for `platform`, in the form of its programs; the output has this target's own name.",
    implementation = _platform_binary_impl,
    attrs = {
        "binary": attr.label(
            doc = "A cc_binary.",
            cfg = _to_platform,
            mandatory = True,
        ),
        "platform": attr.string(
            doc = "A platform's label, for example //bazel/platforms:linux_386.",
            mandatory = True,
        ),
        "_macho": attr.label(
            default = "//tools/macho:macho",
            allow_single_file = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
