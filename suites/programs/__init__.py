"""Programs that nobody here wrote, and some that use what a runtime needs of the kernel, under the tracer."""
