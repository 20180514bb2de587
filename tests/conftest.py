"""What every test of the suite relies on, in the modules and here."""
