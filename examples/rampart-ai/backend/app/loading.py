"""Loads something slow in the background, and says how far it is."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger("rampart_ai.loading")
T = TypeVar("T")


class Loading(Generic[T]):
    """`status` is "loading", then "ready" or "failed"; `value` is there when it is ready."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self.status = "loading"
        self.value: T | None = None

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self.value = self._load()
        except Exception:
            log.exception("The models can not be loaded")
            self.status = "failed"
        else:
            log.info("Ready")
            self.status = "ready"
