import asyncore


class Client(asyncore.dispatcher):
    def __init__(self, address):
        super().__init__()
        self.address = address
        self.tries = 0
        self.again()

    def again(self):
        self.tries += 1
        self.create_socket()
        self.connect(self.address)

    def writable(self):
        return self.connecting

    def handle_connect(self):
        print('connected,', self.tries)

    def handle_read(self):
        self.recv(100)

    def handle_close(self):
        self.close()
        if self.tries < 3:
            self.again()
        else:
            server.close()


class Server(asyncore.dispatcher):
    """Drops who comes."""

    def handle_accepted(self, sock, addr):
        sock.close()


server = Server()
server.create_socket()
server.bind(('127.0.0.1', 0))
server.listen(5)
client = Client(server.socket.getsockname())
asyncore.loop()
print('given up')
