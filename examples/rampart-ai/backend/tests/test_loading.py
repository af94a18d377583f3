"""What the health checks rest on; needs nothing but Python."""

import logging
import threading
import unittest

from app.loading import Loading


class LoadingTest(unittest.TestCase):
    def test_is_loading_until_the_value_is_there(self) -> None:
        release = threading.Event()
        loading = Loading(lambda: release.wait() and "value")
        loading.start()
        self.assertEqual((loading.status, loading.value), ("loading", None))
        release.set()
        loading.wait()
        self.assertEqual((loading.status, loading.value), ("ready", "value"))

    def test_never_becomes_ready_when_loading_fails(self) -> None:
        def fail() -> str:
            raise OSError("no such snapshot")

        loading = Loading(fail)
        with self.assertLogs("rampart_ai.loading", logging.ERROR) as logs:
            loading.start()
            loading.wait()
        self.assertEqual((loading.status, loading.value), ("failed", None))
        self.assertIn("no such snapshot", logs.output[0])


if __name__ == "__main__":
    unittest.main()
