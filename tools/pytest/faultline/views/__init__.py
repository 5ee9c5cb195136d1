"""Views of a results document: each is a function of it and of nothing else."""
