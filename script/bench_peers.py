"""For script/bench: MongoDB, and the programs that are compared."""
import http.client
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import struct
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET = "a secret of the benchmark and of nothing else"
NAME, PASSWORD = "rosa", "correct horse battery"


def script_mongod():
    """script/mongod speaks enough of MongoDB's protocol for this script, too."""
    loader = importlib.machinery.SourceFileLoader("script_mongod", str(ROOT / "script/mongod"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("script_mongod", loader))
    loader.exec_module(module)
    return module


class Mongo:
    def __enter__(self):
        self.protocol = script_mongod()
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([ROOT / "script/mongod"], stdin=pipe, stdout=pipe, text=True)
        self.uri = self.process.stdout.readline().strip()
        self.port = int(re.search(r":(\d+)/", self.uri)[1])
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def database(self, name):
        return self.uri.replace("/?", f"/{name}?")

    def command(self, database, **document):
        reply = self.protocol.command(self.port, database, **document)
        assert self.protocol.succeeded(reply), reply
        return reply

    def counted(self):
        """The number of reads and writes since its start."""
        reply = self.command("admin", serverStatus=1)
        counters = reply[reply.index(b"opcounters\0") :]

        def counter(name):
            kind, at = re.search(rb"([\x10\x12])" + name + rb"\0", counters).span()
            size, code = {0x10: (4, "<i"), 0x12: (8, "<q")}[counters[kind]]
            return struct.unpack(code, counters[at : at + size])[0]

        return counter(b"query"), counter(b"insert") + counter(b"update") + counter(b"delete")

    def copy(self, database, collection, one, into, first, count):
        """Makes `count` copies of a document, on the server; `into` sets what differs in each."""
        step = 50_000
        for start in range(first, first + count, step):
            numbers = {"$range": [start, min(start + step, first + count)]}
            pipeline = [{"$match": one}, {"$set": {"n": numbers}}, {"$unwind": "$n"}, {"$set": into}]
            pipeline += [{"$unset": "n"}, {"$merge": {"into": collection}}]
            self.command(database, aggregate=collection, pipeline=pipeline, cursor={})


class Peer:
    """A running program, and a user who is logged in to it."""

    def __init__(self, label, command, uri, page, log_in=True, cookie=None, cwd=ROOT, log=subprocess.DEVNULL, **environment):
        self.label, self.page = label, page
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        everything = os.environ | {"MONGODB_URI": uri, "SESSION_SECRET": SECRET, "ROCKET_PORT": str(port)} | environment
        command = [str(part).replace("PORT", str(port)) for part in command]
        self.process = subprocess.Popen(command, cwd=cwd, env=everything, stdout=log, stderr=None if log == subprocess.DEVNULL else log)
        wait_for(port)
        self.cookie = self.signed_up() if log_in else cookie
        status, self.body = self.ask("GET", self.page)
        assert status == 200 and NAME in self.body, f"{label}: {status}"
        self.idle = self.memory()

    def signed_up(self):
        for path in ("/register", "/login"):
            body = urllib.parse.urlencode({"username": NAME, "password": PASSWORD})
            host = urllib.parse.urlsplit(self.url).netloc
            connection = http.client.HTTPConnection(host)
            connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
        lines = answer.headers.get_all("set-cookie")
        return next(line for line in lines if line.startswith("connect.sid=")).split(";")[0]

    def ask(self, method, path):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc)
        connection.request(method, path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def memory(self, key="VmRSS"):
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) / 1024

    def wrk(self, seconds, connections=64, threads=2):
        """Requests per second, and the latencies p50 and p99 in ms."""
        command = ["wrk", f"-t{min(threads, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        command += ["-H", f"Cookie: {self.cookie}", self.url + self.page]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "Non-2xx" not in said and "Socket errors" not in said, f"{self.label}: {said}"
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
        count = int(re.search(r"(\d+) requests in", said)[1])
        return rate, latency(said, "50%"), latency(said, "99%"), count

    def stop(self):
        self.process.terminate()
        self.process.wait()


def latency(said, part):
    number, unit = re.search(rf"{part}\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    import socket

    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"no program listens on port {port}")
