"""How code is compiled that runs under the runtime, or is the runtime."""

# No C++ library and nothing that could unwind stands under it, in either form; on 386 the machine has no C++ library
# at all. Frame pointers are what tracebacks walk.
HOSTED_COPTS = [
    "-fno-asynchronous-unwind-tables",
    "-fno-exceptions",
    "-fno-omit-frame-pointer",
    "-fno-rtti",
    "-fno-stack-protector",
    "-fno-threadsafe-statics",
    "-mno-omit-leaf-frame-pointer",
]

# The same with no libc either.
FREESTANDING_COPTS = HOSTED_COPTS + ["-ffreestanding"]
