"""ItemBatcher: several items for one child of a distributed Map.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from collections.abc import Sequence

from localrun.engine.failures import StateError
from localrun.engine.payload import PAYLOAD_LIMIT, Json, byte_size


def make_batches(items: Sequence[Json], batcher: Json) -> list[tuple[Json, int]]:
    """The inputs of the children, each with its number of items, in order.

    A batch ends before it would exceed MaxItemsPerBatch, MaxInputBytesPerBatch or the limit of a
    payload. Raises StateError States.ItemReaderFailed for an item that fits into no batch.
    """
    extra = {"BatchInput": batcher["BatchInput"]} if "BatchInput" in batcher else {}
    most_items = int(batcher.get("MaxItemsPerBatch") or len(items) or 1)
    most_bytes = min(int(batcher.get("MaxInputBytesPerBatch") or PAYLOAD_LIMIT), PAYLOAD_LIMIT)
    empty = byte_size({**extra, "Items": []})
    batches: list[list[Json]] = []
    used = 0
    for item in items:
        size = byte_size(item) + 1
        if empty + size - 1 > most_bytes:
            raise StateError("States.ItemReaderFailed", f"An item exceeds {most_bytes} bytes.")
        if not batches or len(batches[-1]) == most_items or used + size - 1 > most_bytes:
            batches.append([])
            used = empty
        batches[-1].append(item)
        used += size
    return [({**extra, "Items": batch}, len(batch)) for batch in batches]
