"""What holds for all tests."""

from hypothesis import settings

# How long an example takes is measured in bench/; here it would say how busy the machine is.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
