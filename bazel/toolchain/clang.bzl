"""One clang, every target: a C++ toolchain per OS and arch, from Debian's clang-19 and lld-19."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "artifact_name_pattern",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)
load("//bazel:ports.bzl", "OSES", "PORTS", "constraints")

_LLVM = "/usr/lib/llvm-19/bin/"

_C_ACTIONS = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
]

_CPP_ACTIONS = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
]

_LINK_ACTIONS = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(name, actions, flags, with_features = []):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(flags = flags)],
            with_features = with_features,
        )],
    )

# The OSes for which the compiler links programs that can lie anywhere unless it is told not to. Others' linkers do not all
# know the word.
_PIE_BY_DEFAULT = ["linux"]

# With the coverage that libFuzzer looks at, so that one build serves both.
_SANITIZERS = ["-fsanitize=address,undefined,fuzzer-no-link"]

def _config_impl(ctx):
    target = ctx.attr.target_flags
    features = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        # What stands on a whole C++ library and may be watched from within: the tracer and its tests, never the
        # programs under it.
        feature(name = "instrumentable"),
        feature(
            name = "sanitize",
            flag_sets = [
                flag_set(
                    actions = actions,
                    flag_groups = [flag_group(flags = flags)],
                    with_features = [with_feature_set(features = ["instrumentable"])],
                )
                for actions, flags in [
                    (_C_ACTIONS, _SANITIZERS + [
                        "-D_GLIBCXX_ASSERTIONS",
                        "-fno-omit-frame-pointer",
                        "-fno-sanitize-recover=all",
                    ]),
                    (_LINK_ACTIONS, _SANITIZERS),
                ]
            ],
        ),
        # The same optimisation in every mode: a bug that lives in registers must not come and go with -c.
        _flags("default_compile_flags", _C_ACTIONS, target + [
            "-O2",
            "-g",
            "-Wall",
            "-Wextra",
            "-Wno-unused-command-line-argument",
            "-no-canonical-prefixes",
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
            "-fno-pie",
            "-ffile-compilation-dir=.",
        ]),
        _flags("opt_compile_flags", _C_ACTIONS, ["-DNDEBUG"], [with_feature_set(features = ["opt"])]),
        _flags("cpp_standard", _CPP_ACTIONS, ["-std=c++20"]),
        _flags("default_link_flags", _LINK_ACTIONS, target + [
            "-fuse-ld=lld",
            "-no-canonical-prefixes",
        ] + (["-no-pie"] if PORTS[ctx.attr.port][0] in _PIE_BY_DEFAULT else []) + [
            "-Wno-unused-command-line-argument",
        ] + ctx.attr.link_flags),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = features,
        # Clang gives them this name in any case.
        artifact_name_patterns = [artifact_name_pattern(
            category_name = "executable",
            extension = ".exe",
            prefix = "",
        )] if PORTS[ctx.attr.port][0] == "windows" else [],
        # Where the compiler looks by itself; headers from here need not be declared.
        cxx_builtin_include_directories = [
            "/usr/include",
            "/usr/aarch64-linux-gnu/include",
            "/usr/arm-linux-gnueabihf/include",
            "/usr/riscv64-linux-gnu/include",
            "/usr/lib/gcc",
            "/usr/lib/llvm-19/include",
            "/usr/lib/llvm-19/lib/clang",
        ],
        toolchain_identifier = "clang-" + ctx.attr.port,
        host_system_name = "local",
        target_system_name = ctx.attr.port,
        target_cpu = PORTS[ctx.attr.port][1],
        target_libc = "unknown",
        compiler = "clang",
        abi_version = "unknown",
        abi_libc_version = "unknown",
        tool_paths = [
            tool_path(name = "ar", path = _LLVM + "llvm-ar"),
            tool_path(name = "compat-ld", path = _LLVM + "ld.lld"),
            tool_path(name = "cpp", path = _LLVM + "clang-cpp"),
            tool_path(name = "dwp", path = _LLVM + "llvm-dwp"),
            tool_path(name = "gcc", path = _LLVM + "clang++"),
            tool_path(name = "gcov", path = _LLVM + "llvm-cov"),
            tool_path(name = "ld", path = _LLVM + "ld.lld"),
            tool_path(name = "nm", path = _LLVM + "llvm-nm"),
            tool_path(name = "objcopy", path = _LLVM + "llvm-objcopy"),
            tool_path(name = "objdump", path = _LLVM + "llvm-objdump"),
            tool_path(name = "strip", path = _LLVM + "llvm-strip"),
        ],
    )

_clang_config = rule(
    implementation = _config_impl,
    attrs = {
        "link_flags": attr.string_list(mandatory = True),
        "port": attr.string(mandatory = True),
        "target_flags": attr.string_list(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)

# What the linker is told of ELF programs.
_ELF = [
    "-Wl,--build-id=none",
    "-Wl,-z,noexecstack",
]

# And of PE images.
_COFF = [
    # As large a stack as Linux gives by default.
    "-Wl,--stack,8388608",
    # A time would differ from build to build.
    "-Wl,--no-insert-timestamp",
]

def clang_toolchain(name, port, target_flags):
    """Declares the C++ toolchain of one target.

    Args:
      name: the platform's name in //bazel/platforms.
      port: OS-ARCH (//bazel:ports.bzl).
      target_flags: what clang needs to compile and link for it.
    """
    _clang_config(
        name = name + ".config",
        link_flags = _COFF if OSES[PORTS[port][0]].get("image") == "coff" else _ELF,
        port = port,
        target_flags = target_flags,
    )
    native.cc_toolchain(
        name = name + ".cc",
        all_files = ":empty",
        compiler_files = ":empty",
        dwp_files = ":empty",
        linker_files = ":empty",
        objcopy_files = ":empty",
        strip_files = ":empty",
        supports_param_files = 1,
        toolchain_config = ":" + name + ".config",
        toolchain_identifier = "clang-" + port,
    )
    native.toolchain(
        name = name,
        exec_compatible_with = [
            "@platforms//os:linux",
            "@platforms//cpu:x86_64",
        ],
        target_compatible_with = constraints(port),
        toolchain = ":" + name + ".cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
