"""What stops a synth in one sentence, without a traceback."""


class SynthError(Exception):
    """Base of the errors that say what the operator or the developer has to put right."""
