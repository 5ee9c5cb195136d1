"""Builds one program for another platform, whatever platform the build as a whole is for."""

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
    ctx.actions.symlink(output = output, target_file = program, is_executable = True)
    return [DefaultInfo(
        executable = output,
        files = depset([output]),
        runfiles = ctx.runfiles(files = [output]),
    )]

platform_binary = rule(
    doc = "The program `binary` built for `platform`; the output has this target's own name.",
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
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
