"""What `labrig.procedures.train` plans, stores, watches and ends by."""
