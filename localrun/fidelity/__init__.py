"""What becomes of each feature of an item, measured: samples.py has one example of each, page.py
reads them and writes down in docs/fidelity.md what it found."""
