"""Bytes to and from devices: serial ports, sockets, VISA, and recordings of them."""
