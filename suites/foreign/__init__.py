"""Programs for FreeBSD that other people built, on the model of its kernel."""
