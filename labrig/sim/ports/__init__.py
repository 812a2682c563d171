"""Where simulated devices are reached from other programs: pseudo-terminals and TCP ports."""
