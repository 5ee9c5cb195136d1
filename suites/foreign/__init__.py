"""Programs for other systems that other people built, on the models of their kernels."""
