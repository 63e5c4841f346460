"""For script/bench: the load. wrk sends the requests of 64 sessions, and 40 users log in at once."""
import http.client
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import astuple, dataclass

from bench_peers import NAMES, PAGE, PASSWORD, ROOT, cpu_seconds


@dataclass
class Load:
    """What wrk has measured, with times in ms, and what `Watch` has: MiB, and for each request the commands
    to MongoDB and the processor time of the peer and of mongod, in µs."""

    rate: float
    p50: float
    p99: float
    requests: int
    memory: float = 0
    reads: float = 0
    writes: float = 0
    own_cpu: float = 0
    mongod_cpu: float = 0


def wrk(peer, seconds, connections=64, method="GET", path=PAGE):
    """Any error ends the script: a rate with errors in it is none."""
    with tempfile.NamedTemporaryFile("w") as cookies:
        cookies.write("\n".join(peer.cookies) + "\n")
        cookies.flush()
        command = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        command += ["-s", ROOT / "script/bench_load.lua", f"http://{peer.host}", "--", method, path, cookies.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = re.search(r"requests (\d+) microseconds (\d+) bytes (\d+) errors (\d+) p50 (\d+) p99 (\d+)", said)
    requests, microseconds, size, errors, p50, p99 = map(int, result.groups())
    assert requests and not errors, f"{peer.label}: {said}"
    # A redirect to the login page is no error to wrk.
    assert method != "GET" or size / requests >= len(peer.page.encode()), f"{peer.label}: no pages: {said}"
    return Load(requests / microseconds * 1e6, p50 / 1000, p99 / 1000, requests)


def median(loads):
    """The medians of several runs."""
    return Load(*map(statistics.median, zip(*map(astuple, loads))))


class Watch:
    """What a peer takes for as long as the block lasts: memory, commands to MongoDB, processor time."""

    def __init__(self, mongo, peer):
        self.mongo, self.peer = mongo, peer
        self.memory, self.over = [], threading.Event()
        self.watcher = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.1):
            self.memory.append(self.peer.memory())

    def used(self):
        cpu = [cpu_seconds(pid) * 1e6 for pid in (self.peer.process.pid, self.mongo.pid)]
        return [*self.mongo.counted(), *cpu]

    def __enter__(self):
        self.before = self.used()
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()
        self.after = self.used()

    def add_to(self, load):
        each = [(after - before) / load.requests for after, before in zip(self.after, self.before)]
        return Load(load.rate, load.p50, load.p99, load.requests, max(self.memory), *each)


def text(start):
    return {"$concat": [start, {"$toString": "$n"}]}


# Each copy has an ID of its own.
DIGITS = {"$substrCP": [{"$toString": {"$add": [100_000_000, "$n"]}}, 1, 8]}
NUMBER = {"$toObjectId": {"$concat": ["0123456789abcdef", DIGITS]}}


def copy_user(mongo, database, start, count):
    into = {"_id": NUMBER, "username": text(start), "username_key": text(start)}
    mongo.copy(database, "users", {"username": NAMES[0]}, into, count)


def copy_session(mongo, database, sid, start, count):
    mongo.copy(database, "sessions", {"_id": sid}, {"_id": text(start), "user": {"$toString": NUMBER}}, count)


def storm(mongo, database, peer):
    """40 concurrent logins, while another user opens the dashboard."""
    copy_user(mongo, database, "latecomer-", 40)
    logins, pages, over = [], [], threading.Event()

    def log_in(number):
        begun = time.perf_counter()
        answer = peer.post("/login", username=f"latecomer-{number}", password=PASSWORD)
        logins.append((answer.status, (time.perf_counter() - begun) * 1000))

    def look():
        connection = http.client.HTTPConnection(peer.host)
        while not over.is_set():
            begun = time.perf_counter()
            connection.request("GET", PAGE, headers={"Cookie": peer.cookies[0]})
            answer = connection.getresponse()
            answer.read()
            pages.append((answer.status, (time.perf_counter() - begun) * 1000))
            time.sleep(0.001)

    looker = threading.Thread(target=look)
    looker.start()
    students = [threading.Thread(target=log_in, args=[number]) for number in range(40)]
    for student in students:
        student.start()
    for student in students:
        student.join()
    over.set()
    looker.join()
    statuses = Counter(status for status, _ in logins + pages)
    assert statuses == {303: 40, 200: len(pages)}, statuses
    last, times = max(ms for _, ms in logins), sorted(ms for _, ms in pages)
    print(
        f"\n40 concurrent logins succeeded, the last after {last:.0f} ms; beside them {len(times)} dashboards,"
        f" p99 {times[int(len(times) * 0.99)]:.1f} ms; memory at most {peer.memory('VmHWM'):.0f} MiB"
    )
