"""A simulated board on the wire: the board's side of the protocol, on a pseudo-terminal or a TCP port."""
