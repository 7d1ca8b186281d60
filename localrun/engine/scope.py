"""What is stopped together: an execution, a branch, a Map Run."""


class Scope:
    """Is cancelled when it or one of those around it was cancelled.

    Whoever cancels pokes the clock, so that those who wait notice.
    """

    def __init__(self, around: "Scope | None" = None) -> None:
        self._around = around
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled or (self._around is not None and self._around.cancelled)

    def cancel(self) -> None:
        self._cancelled = True
