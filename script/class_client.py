"""For script/class-load and class_lessons.py: a simple browser, and a server for a class."""
import contextlib
import email.utils
import http.client
import math
import os
import re
import subprocess
import tempfile
import time
import urllib.parse
from dataclasses import dataclass

SECRET = "a secret of the load test and of nothing else"


@dataclass
class Sample:
    method: str
    path: str
    status: int
    ms: float


@dataclass
class Cookie:
    pair: str
    path: str
    end: float


@dataclass
class Answer:
    status: int
    body: str
    location: str | None


def quantile(values, part):
    ordered = sorted(values) or [0.0]
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


class Browser:
    """Keeps cookies, and the time of each response."""

    def __init__(self, url, samples):
        self.host = urllib.parse.urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=30)
        self.jar, self.samples = {}, samples

    def tab(self):
        """Another connection of the same browser."""
        tab = Browser(f"http://{self.host}", self.samples)
        tab.jar = self.jar
        return tab

    def get(self, path):
        return self.ask("GET", path, None)

    def post(self, path, **fields):
        return self.ask("POST", path, urllib.parse.urlencode(fields))

    def headers(self, path):
        fitting = [cookie for cookie in self.jar.values() if path.startswith(cookie.path) and cookie.end > time.time()]
        return {"Cookie": "; ".join(cookie.pair for cookie in fitting)} if fitting else {}

    def value(self, name):
        return self.jar[name].pair.partition("=")[2] if name in self.jar else ""

    @contextlib.contextmanager
    def only(self, names):
        """Sends these cookies alone, for as long as the block lasts."""
        others = {name: self.jar.pop(name) for name in list(self.jar) if name not in names}
        try:
            yield
        finally:
            self.jar.update(others)

    def ask(self, method, path, body, more={}):
        headers = self.headers(path)
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        headers |= more
        begin = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server has closed the idle connection; a browser would open another one, too.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        ms = (time.perf_counter() - begin) * 1000
        self.samples.append(Sample(method, path, answer.status, ms))
        for line in answer.headers.get_all("set-cookie") or []:
            self.keep(line)
        # A browser does not send the fragment of an address.
        location = answer.headers.get("location")
        return Answer(answer.status, text, location and location.partition("#")[0])

    def keep(self, line):
        pair, _, attributes = line.partition(";")
        attributes = dict(re.findall(r"(Path|Expires|Max-Age)=([^;]*)", attributes))
        end = math.inf
        if "Expires" in attributes:
            end = email.utils.parsedate_to_datetime(attributes["Expires"]).timestamp()
        if "Max-Age" in attributes:
            end = time.time() + int(attributes["Max-Age"])
        if len(pair) <= 4096:
            self.jar[pair.partition("=")[0]] = Cookie(pair, attributes.get("Path", "/"), end)

    def listen(self, path, changed, over):
        """Sets `changed` at each event that says so, until `over` is set."""
        while not over.is_set():
            connection = http.client.HTTPConnection(self.host)
            connection.request("GET", path, headers=self.headers(path))
            answer = connection.getresponse()
            # The server ends the stream after a minute, and browsers reconnect.
            while line := answer.readline():
                if line.startswith(b"event:changed"):
                    changed.set()
            over.wait(0.5)


class Class:
    """MongoDB and a build of the app for a class, for as long as the block lasts."""

    def __init__(self, root, build):
        self.root = root
        self.program = root / "target" / build / "cloakroom"
        profile = "dev" if build == "debug" else build
        subprocess.run(["cargo", "build", "--profile", profile, "--quiet"], cwd=root, check=True)

    def __enter__(self):
        pipe = subprocess.PIPE
        self.mongod = subprocess.Popen([self.root / "script/mongod"], stdin=pipe, stdout=pipe, text=True)
        uri = self.mongod.stdout.readline().strip().replace("/?", "/class_load?")
        self.environment = os.environ | {
            "MONGODB_URI": uri, "SESSION_SECRET": SECRET, "ROCKET_ADDRESS": "127.0.0.1", "ROCKET_PORT": "0",
            "ROCKET_TEMPLATE_DIR": str(self.root / "templates"), "ROCKET_STATIC_DIR": str(self.root / "static"),
            "ROCKET_CONFIG": str(self.root / "Rocket.toml"),
        }
        self.folder = tempfile.TemporaryDirectory()
        command = [self.program, "serve", "--class", "--public"]
        self.app = subprocess.Popen(command, cwd=self.folder.name, env=self.environment, stdout=pipe, text=True)
        self.link = next(line for line in map(str.strip, self.app.stdout) if "/class/teacher/" in line)
        port = urllib.parse.urlsplit(self.link).port
        self.url = f"http://127.0.0.1:{port}"
        # The log is dropped, but the pipe must not fill up.
        self.drain = subprocess.Popen(["cat"], stdin=self.app.stdout, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.app.terminate()
        self.app.wait()
        self.mongod.stdin.close()
        self.mongod.wait()
        self.drain.wait()
        self.folder.cleanup()

    def make_teacher(self, password):
        teacher = Browser(self.url, [])
        teacher.post("/register", username="frida", password=password)
        teacher.post("/login", username="frida", password=password)
        answer = teacher.post(urllib.parse.urlsplit(self.link).path)
        assert answer.location == "/class", answer
        return teacher

    def run(self, *arguments):
        subprocess.run([self.program, *arguments], cwd=self.folder.name, env=self.environment, check=True)

    def memory(self, key="VmRSS"):
        status = open(f"/proc/{self.app.pid}/status").read()
        return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) / 1024

    def peak_memory(self):
        return self.memory("VmHWM")
