"""labrig: train a physical resistor crossbar on the bench."""
