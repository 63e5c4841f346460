"""For script/class-load: what students and the teacher do in a period, each in a thread."""
import itertools
import random
import re
import threading
import time
from collections import Counter

from class_client import Browser
from class_lessons import Closed

PASSWORD = "correct horse battery"
NEWS_EVERY, MESSAGE_EVERY = 10, 30
SOON, PAUSE = 0.2, 1  # as in static/js/class-room.js and board.js


class Over(Exception):
    """The period is over."""


class Period:
    """What the threads share: when it ends, and what was measured."""

    def __init__(self, school, seconds, all_lessons):
        self.school, self.seconds, self.begin = school, seconds, time.monotonic()
        self.all_lessons = all_lessons
        self.over, self.watched = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.student, self.news, self.teacher = [], [], []  # samples
        self.events, self.seen = {}, {}  # what happened, and when the class page showed it
        self.lessons, self.unsolved = Counter(), []
        self.messages, self.heard = [], {}  # times of messages, and of the pages that showed them
        self.on_board, self.board_late = None, []

    def part(self):
        return (time.monotonic() - self.begin) / self.seconds

    def pause(self, seconds=None):
        if self.over.wait(seconds or random.uniform(0.8, 2.2)):
            raise Over

    def happened(self, name, what):
        with self.lock:
            self.events.setdefault((name, what), time.monotonic())



def log_in(period, learner):
    if random.random() < 0.3:
        learner.post("/login", username=learner.name, password=learner.password + "x")
        period.pause()
    learner.post("/login", username=learner.name, password=learner.password)
    period.happened(learner.name, "login")


def play(period, learner, lesson):
    learner.lesson = lesson
    learner.page(lesson)
    period.pause()
    learner.guess(lesson)
    period.happened(learner.name, lesson.slug)
    if random.random() < 0.1:
        learner.post(f"/learn/{lesson.slug}/help", wanted="yes")
    period.lessons["repeated"] += learner.play(lesson)
    period.lessons["played"] += 1
    if learner.is_solved(lesson):
        period.lessons["solved"] += 1
    else:
        period.unsolved.append(f"{lesson.slug} by {learner.name}")
    for path in re.findall(r'href="(/xray/[^"]+)"', learner.get("/xray"))[:2]:
        learner.get(path)


def attend(period, learner, lessons):
    """Registers, takes the test, and plays the lessons again and again."""
    period.pause(random.uniform(0.1, 10))
    if learner.password is None:
        learner.password = PASSWORD
        learner.post("/register", username=learner.name, password=PASSWORD)
        period.pause()
    log_in(period, learner)
    learner.take_test("before")
    for lesson in itertools.cycle(lessons):
        try:
            play(period, learner, lesson)
        except Closed:
            period.lessons["closed"] += 1
        period.pause()
        if lesson is lessons[-1]:
            learner.post("/logout")
            log_in(period, learner)
            for played in lessons:
                learner.browsers[0].post(f"/learn/{played.slug}/reset")


def study(period, learner, lessons):
    try:
        attend(period, learner, lessons)
    except Over:
        # The end of the period: the test is the last that a student does, also on a slow server.
        learner.pause = lambda: time.sleep(1)
        learner.take_test("after")
    except Exception as error:
        period.unsolved.append(f"{learner.lesson and learner.lesson.slug} by {learner.name}: {error!r}")


def read_news(period, learner):
    """Asks for news as the script of an open page does: without cookies."""
    browser, version = Browser(period.school.url, period.news), ""
    wait = random.uniform(0, NEWS_EVERY)
    while not period.over.wait(wait):
        wait = NEWS_EVERY
        slug = learner.lesson.slug if learner.lesson else ""
        answer = browser.get(f"/class/news?lesson={slug}&version={version}")
        if answer.status == 200:
            version = re.search(r'data-version="([^"]*)"', answer.body)[1]
            if message := re.search(r"Message (\d+)", answer.body):
                period.heard.setdefault((int(message[1]), learner.name), time.monotonic())


def follow(period, teacher, path, show):
    """Fetches a page after each change, as its script does, and passes it on with the time."""
    changed, tab, fetched = threading.Event(), teacher.tab(), 0
    listener = threading.Thread(target=teacher.tab().listen, args=("/class/events", changed, period.watched), daemon=True)
    listener.start()
    while not period.watched.is_set():
        if changed.wait(0.5):
            time.sleep(max(SOON, fetched + PAUSE - time.monotonic()))
            fetched = time.monotonic()
            changed.clear()
            show(period, tab.get(path).body, time.monotonic())


def show_room(period, page, now):
    for seat in page.split('<li class="seat')[1:]:
        name = re.search(r"<bdi>([^<]+)</bdi>", seat)
        if not name or seat.startswith(" seat--away"):
            continue
        period.seen.setdefault((name[1], "login"), now)
        marks = re.findall(r'<span class="mark( [^"]*)?"', seat)
        for lesson, mark in zip(period.all_lessons, marks, strict=True):
            if mark:
                period.seen.setdefault((name[1], lesson.slug), now)


def show_board(period, page, now):
    if period.on_board and period.on_board[0] in page:
        period.board_late.append(now - period.on_board[1])
        period.on_board = None


def say(period, teacher):
    """A new message, when the last one has stood long enough."""
    if not period.messages or time.monotonic() - period.messages[-1] > MESSAGE_EVERY:
        teacher.post("/class/line", line=f"Message {len(period.messages)}")
        period.messages.append(time.monotonic())


def close_for_a_moment(period, teacher):
    lesson = random.choice(period.all_lessons)
    teacher.post(f"/class/lessons/{lesson.slug}", do="close")
    try:
        period.pause(3)
    finally:
        teacher.post(f"/class/lessons/{lesson.slug}", do="open")


def show_guesses(period, teacher):
    teacher.post(f"/class/lessons/{random.choice(period.all_lessons).slug}", do="reveal")


def show_lesson(period, teacher):
    lesson = random.choice(period.all_lessons)
    begin = time.monotonic()
    teacher.post("/class/board", do="lesson", lesson=lesson.slug)
    period.on_board = (f'{lesson.data["title"]}</h1>', begin)
    for _ in range(4):
        period.pause(1)
        teacher.post("/class/board", do="next")


def look_at_student(_, teacher):
    """Opens the first student, who may want help, and shows a request of that student to the class."""
    student = re.search(r'href="/class/students/(\w+)"', teacher.get("/class").body)
    page = teacher.get(f"/class/students/{student[1]}").body
    teacher.post(f"/class/students/{student[1]}/helped")
    if request := re.search(r'name="request" value="([^"]+)"', page):
        teacher.post("/class/board", do="request", request=request[1], student=student[1])
    teacher.post("/class/board", do="look")


def look_away(_, teacher):
    teacher.post("/class/board", do="end")
    for path in ("/class/progress.csv", "/class/key", "/class/cards"):
        teacher.get(path)


def teach(period, teacher):
    """Opens and closes tests and lessons by the plan, and uses everything else in turn."""
    last = f"/class/lessons/{period.all_lessons[-1].slug}"
    plan = [
        (0, "/class/test", {"open": "before"}), (0, last, {"do": "close"}), (0.4, "/class/test", {}),
        (0.4, last, {"do": "open"}), (0.8, "/class/test", {"open": "after"}),
    ]
    actions = itertools.cycle([say, show_guesses, show_lesson, say, look_at_student, close_for_a_moment, say, look_away])
    try:
        while True:
            while plan and period.part() >= plan[0][0]:
                _, path, fields = plan.pop(0)
                teacher.post(path, **fields)
            next(actions)(period, teacher)
            period.pause()
    except Over:
        pass
