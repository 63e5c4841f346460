"""For script/bench: MongoDB, the programs that are compared, and their users."""
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
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET = "a secret of the benchmark and of nothing else"
PASSWORD = "correct horse battery"
# One session each. The names are equally long, so all pages are.
NAMES = [f"student-{number:02}" for number in range(64)]
PAGE = "/dashboard"


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
        # script/mongod has one child, the server.
        self.pid = int(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())
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
        """The numbers of commands that read and that write, since its start. A find with `$in` is one."""
        reply = self.command("admin", serverStatus=1)
        counters = reply[reply.index(b"opcounters\0") :]

        def counter(name):
            kind, at = re.search(rb"([\x10\x12])" + name + rb"\0", counters).span()
            size, code = {0x10: (4, "<i"), 0x12: (8, "<q")}[counters[kind]]
            return struct.unpack(code, counters[at : at + size])[0]

        reads, writes = (b"query", b"getmore"), (b"insert", b"update", b"delete")
        return sum(map(counter, reads)), sum(map(counter, writes))

    def copy(self, database, collection, one, into, count):
        """Makes `count` copies of a document, on the server; `into` sets what differs in each."""
        step = 50_000
        for start in range(0, count, step):
            numbers = {"$range": [start, min(start + step, count)]}
            pipeline = [{"$match": one}, {"$set": {"n": numbers}}, {"$unwind": "$n"}, {"$set": into}]
            pipeline += [{"$unset": "n"}, {"$merge": {"into": collection}}]
            self.command(database, aggregate=collection, pipeline=pipeline, cursor={})


class Peer:
    """A running program, with a cookie for each of its 64 users."""

    def __init__(self, label, command, uri, cookies=None, cwd=ROOT, **environment):
        self.label, self.command, self.cwd = label, command, cwd
        self.environment = os.environ | {"MONGODB_URI": uri, "SESSION_SECRET": SECRET} | environment
        self.start()
        self.cookies = cookies
        if cookies is None:
            self.cookies = self.log_in_all()
            # The process that is measured has hashed no passwords: its memory is that of pages.
            self.stop()
            self.start()
        self.page = self.check_pages()
        self.idle = self.memory()

    def start(self):
        port = free_port()
        self.host = f"127.0.0.1:{port}"
        command = [str(part).replace("PORT", str(port)) for part in self.command]
        environment = self.environment | {"ROCKET_PORT": str(port)}
        self.process = subprocess.Popen(command, cwd=self.cwd, env=environment, stdout=subprocess.DEVNULL)
        wait_for(port)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def log_in_all(self):
        def log_in(name):
            for path in ("/register", "/login"):
                answer = self.post(path, username=name, password=PASSWORD)
                assert answer.status < 400, f"{self.label}: {path}: {answer.status}"
            lines = answer.headers.get_all("set-cookie")
            cookies = [line.split(";")[0] for line in lines]
            return next(cookie for cookie in cookies if cookie.startswith(("connect.sid=", "id=")))

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(log_in, NAMES))

    def check_pages(self):
        """Each session must show the page of its own user. Returns the page of the first."""
        pages = []
        for name, cookie in zip(NAMES, self.cookies):
            status, page = self.get(cookie)
            names = set(re.findall(r"student-\d\d", page))
            assert status == 200 and names == {name}, f"{self.label}: {name}: {status}, {names}"
            pages.append(page)
        return pages[0]

    def post(self, path, **fields):
        connection = http.client.HTTPConnection(self.host)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, urllib.parse.urlencode(fields), headers)
        answer = connection.getresponse()
        answer.read()
        return answer

    def get(self, cookie):
        connection = http.client.HTTPConnection(self.host)
        connection.request("GET", PAGE, headers={"Cookie": cookie})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def counted_visits(self):
        """The sum of the counters that the 64 pages show."""
        number = re.compile(r'<strong class="counter__number">(\d+)<')
        return sum(int(number.search(self.get(cookie)[1])[1]) for cookie in self.cookies)

    def memory(self, key="VmRSS"):
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) / 1024


def cpu_seconds(pid):
    """The processor time of a process, in the program and in the kernel."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
