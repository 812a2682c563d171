"""What `labrig.procedures.check_board` measures, and how it judges it."""
