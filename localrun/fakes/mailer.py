"""A Mailer in memory: keeps what was handed over, and answers as it is told."""

from collections.abc import Callable

from localrun.fakes.steps import Step, no_step
from migration.letters import Delivered, Letter, Posted


class MemoryMailer:
    """`sent` holds the mails that went out, `asked` counts all that were tried. `judge` may answer
    in the place of a delivery."""

    def __init__(
        self, step: Step = no_step, judge: Callable[[Letter], Posted | None] = lambda letter: None
    ) -> None:
        self.step = step
        self.judge = judge
        self.sent: list[Letter] = []
        self.asked = 0

    def send(self, letter: Letter) -> Posted:
        self.step("before send")
        self.asked += 1
        answer = self.judge(letter)
        if answer is None:
            self.sent.append(letter)
            answer = Delivered(f"message-{len(self.sent)}")
        self.step("after send")
        return answer
