"""``python -m labrig``."""

from labrig.cli.app import main

main()
