"""Boards of programmable branches: the contract, and the board behind the wire protocol."""
