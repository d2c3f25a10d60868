"""A receiver of webhooks: a real HTTP server that takes, fails or hangs, as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.conftest import free_port


class Post(NamedTuple):
    """A post as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def ident(self) -> str:
        """The message's id."""
        return self.headers["tollwire-id"]


class Receiver:
    """`answer`: what to do with a post: a status, or None: say nothing until let go."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.answer: Callable[[Post], int | None] = lambda _: 204
        self.posts: list[Post] = []
        self.taken: list[Post] = []
        self._let_go = threading.Event()

    @contextmanager
    def up(self) -> Iterator[None]:
        """Listen; before and after, nobody does."""
        outer = self
        self._let_go.clear()

        class Handler(BaseHTTPRequestHandler):
            """Hands posts to the receiver."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = outer.take(Post({k.lower(): v for k, v in self.headers.items()}, body))
                if status is not None:
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            self._let_go.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def take(self, post: Post) -> int | None:
        """Remember a post; the status to answer."""
        self.posts.append(post)
        status = self.answer(post)
        if status is None:
            self._let_go.wait(60)
        elif status < 300:
            self.taken.append(post)
        return status
