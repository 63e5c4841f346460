"""For script/class-load: a student who solves lessons by their data, in templates/lessons."""
import base64
import html
import random
import re
import tomllib
import urllib.parse

from class_client import Browser

# What a page of a lab shows, and the student copies into a field.
SHOWN = re.compile(r' id="(value|leaked-id|leaked-secret|encoded)"[^>]*>([^<]*)<')
# The ID of the page that plays another site.
PAGE_ID = re.compile(r'action="[^"]*\?page=([^"&]+)"')
# MongoDB deletes expired documents once a minute: that is what the last goal of lesson 10 waits for.
TRIES, PATIENCE = 12, 6


class Lesson:
    """The solution, the prediction and the final questions of a lesson."""

    def __init__(self, folder):
        self.slug = folder.name[3:]
        self.data = tomllib.loads((folder / "lesson.toml").read_text())
        self.steps = [step for step in self.data["solution"] if step["method"] != "FINAL" and not step["path"].endswith("/predict")]

    def is_true(self, sentence):
        """Whether a sentence of a final question is true. A longer one may begin as it does."""
        options = [option for question in self.data["questions"] for option in question["options"]]
        return max((option for option in options if reads_like(option["text"], sentence)), key=lambda one: len(one["text"])).get("right", False)


def reads_like(text, sentence):
    parts = re.split(r"\{[a-z_]+\}", text.replace("`", ""))
    return re.fullmatch(".+".join(map(re.escape, parts)), sentence)


def all_lessons(root):
    return [Lesson(folder) for folder in sorted((root / "templates/lessons").iterdir()) if folder.is_dir()]


class Closed(Exception):
    """The teacher has closed the lesson."""


def body_of(answer):
    if answer.status == 403 and '<h1 id="closed">' in answer.body:
        raise Closed
    return answer.body


class Learner:
    """A student with two browsers. `pause` waits between two clicks, and raises an exception to stop."""

    def __init__(self, url, name, password, samples, pause):
        self.name, self.password, self.pause = name, password, pause
        self.browsers = [Browser(url, samples), Browser(url, samples)]
        self.shown = {}
        self.lesson = None

    def get(self, path, browser=0):
        answer = self.patiently(lambda: self.browsers[browser].get(path))
        self.shown |= {name: html.unescape(text) for name, text in SHOWN.findall(answer.body)}
        if page_id := PAGE_ID.search(answer.body):
            self.shown["page"] = page_id[1]
        return self.get(answer.location, browser) if answer.location else body_of(answer)

    def post(self, path, browser=0, **fields):
        answer = self.patiently(lambda: self.browsers[browser].post(path, **fields))
        return self.get(answer.location, browser) if answer.location else body_of(answer)

    def patiently(self, ask):
        """Asks again after a 503, as a student does. The script has counted it."""
        answer = ask()
        for _ in range(3):
            if answer.status == 503:
                self.pause()
                answer = ask()
        return answer

    def page(self, lesson):
        return self.get(f"/learn/{lesson.slug}")

    def guess(self, lesson):
        """Guesses, often wrongly."""
        choice = random.randrange(len(lesson.data["predict"]["options"]))
        self.post(f"/learn/{lesson.slug}/predict", choice=choice, sure=random.choice(["guess", "fairly", "certain"]))

    def play(self, lesson):
        """Does the exercise after a guess, and answers the questions. Returns the number of repetitions."""
        repetitions = -1
        while not self.is_done(lesson):
            repetitions += 1
            for step in lesson.steps:
                self.send(lesson, step)
                self.pause()
            for _ in range(TRIES):
                if self.is_done(lesson):
                    break
                self.pause(PATIENCE)
                if "lab" in lesson.steps[-1]["path"]:
                    self.get(lesson.steps[-1]["path"])
        if 'id="question"' not in self.page(lesson):
            self.post(f"/learn/{lesson.slug}/predict", choice=lesson.data["predict"]["right"], sure="certain")
        for right in (False, True):
            self.answer(lesson, right)
            self.pause()
        return repetitions

    def is_done(self, lesson):
        return 'id="explain"' in self.page(lesson)

    def is_solved(self, lesson):
        return "<strong>Solved.</strong>" in self.page(lesson)

    def send(self, lesson, step):
        if step["method"] == "WAIT":
            return self.pause(step["seconds"])
        if step.get("from_other_site"):
            return self.send_from_other_site(step)
        path, number = self.path(lesson, step["path"]), step.get("browser", 0)
        browser = self.browsers[number]
        with browser.only(browser.jar if step.get("cookies", True) else []):
            if step["method"] == "GET":
                self.get(path, number)
            else:
                self.post(path, number, **{name: self.fill(text) for name, text in step.get("fields", {}).items()})

    def send_from_other_site(self, step):
        """What the page of lesson 8 sends that plays another site, with the cookies that a browser would send."""
        path, fields = f'{step["path"]}?page={self.shown["page"]}', urllib.parse.urlencode(step.get("fields", {}))
        with self.browsers[0].only(step.get("sent", [])):
            if step["method"] == "GET":
                self.browsers[0].ask("GET", f"{path}&{fields}", None, {"Sec-Fetch-Site": "cross-site"})
            else:
                self.browsers[0].ask("POST", path, fields, {"Sec-Fetch-Site": "cross-site", "Origin": "null"})

    def path(self, lesson, path):
        """The path; `{who}` is the address that the page of lesson 1 asks."""
        return html.unescape(re.search(r'data-ask-who="([^"]+)"', self.page(lesson))[1]) if path == "{who}" else path

    def fill(self, text):
        """A value of a field, with the student's own words in place of `{names}`."""
        id_, _, signature = self.shown.get("value", "").removeprefix("s:").partition(".")
        words = {
            "username": self.name, "password": self.password, "id": id_, "signature": signature,
            "plain": self.browsers[0].value("lab.plain"), "leaked_id": self.shown.get("leaked-id"), "leaked_secret": self.shown.get("leaked-secret"),
        }
        if "{secret}" in text:
            encoded = self.shown["encoded"]
            words["secret"] = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode().rpartition("=")[2]
        return re.sub(r"\{([a-z_]+)\}", lambda name: str(words.get(name[1], name[0])), text)

    def answer(self, lesson, right):
        """Answers the final question that was drawn; wrongly by ticking one false sentence more."""
        question = self.page(lesson).partition('id="question"')[2]
        boxes = re.findall(r'type="checkbox" name="(\d)"[^>]*> <span>(.*?)</span></label>', question, re.S)
        boxes = [(name, lesson.is_true(html.unescape(re.sub("<[^>]+>", "", text)))) for name, text in boxes]
        false_one = next(name for name, is_true in boxes if not is_true)
        ticked = {name: "on" for name, is_true in boxes if is_true or (not right and name == false_one)}
        self.post(f"/learn/{lesson.slug}/question", **ticked)

    def take_test(self, phase):
        """Hands in a test if it is open. Leaves one question open."""
        page = self.get("/learn/test")
        if f'name="test" value="{phase}"' in page:
            options = re.findall(r'type="radio" name="(\d+)" value="(\d+)"', page)
            random.shuffle(options)
            chosen = {item: option for item, option in options if item != options[0][0]}
            self.post("/learn/test", test=phase, **chosen)
