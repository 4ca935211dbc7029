"""A connection that takes a request to the server and loses the answer."""

import socket
import threading


class LossyProxy:
    """Forwards both ways until a client has sent `marker`, which still arrives;
    from then on nothing comes back. A context manager."""

    def __init__(self, server_address, marker):
        host, port = server_address.split(":")
        self._server = (host, int(port))
        self._marker = marker
        self._mute = threading.Event()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for each in [self._listener, *self._sockets]:
            each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._sockets += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client, server):
        seen = b""
        try:
            while part := client.recv(65536):
                seen += part
                if self._marker in seen:
                    self._mute.set()
                server.sendall(part)
        except OSError:
            pass

    def _answer(self, server, client):
        try:
            while part := server.recv(65536):
                if not self._mute.is_set():
                    client.sendall(part)
        except OSError:
            pass
