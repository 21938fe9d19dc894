"""How events come in and go out: one package per protocol."""
