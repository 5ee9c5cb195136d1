"""Builds a program or a test with the sanitizers (//bazel/toolchain), whatever the build as a whole has."""

def _to_sanitized_impl(settings, _attr):
    features = settings["//command_line_option:features"]
    if "sanitize" in features:
        return {"//command_line_option:features": features}
    return {"//command_line_option:features": features + ["sanitize"]}

_to_sanitized = transition(
    implementation = _to_sanitized_impl,
    inputs = ["//command_line_option:features"],
    outputs = ["//command_line_option:features"],
)

def _sanitized_impl(ctx):
    program = ctx.attr.program[0][DefaultInfo]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = output,
        target_file = program.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = output,
        files = depset([output]),
        runfiles = ctx.runfiles(files = [output]).merge(program.default_runfiles),
    )]

_ATTRIBUTES = {
    "program": attr.label(
        doc = "A cc_binary or cc_test. What is \"instrumentable\" of all that it is made of is instrumented.",
        cfg = _to_sanitized,
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

sanitized_binary = rule(
    doc = "The program with sanitizers, under this target's own name.",
    implementation = _sanitized_impl,
    attrs = _ATTRIBUTES,
    executable = True,
)

sanitized_test = rule(
    doc = "The test with sanitizers.",
    implementation = _sanitized_impl,
    attrs = _ATTRIBUTES,
    test = True,
)
