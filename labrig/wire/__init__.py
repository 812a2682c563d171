"""The wire protocol as pure functions of bytes: framing, packing, messages; no I/O."""
