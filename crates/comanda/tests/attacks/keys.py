"""What schemathesis cannot know: that keys are for one request each, which ids there are, not to wait for news, and that
tokens are drawn anew."""

import json
import os
import random
import re
import time
import urllib.request
import uuid

import schemathesis

HEADER = "Idempotency-Key"
IDS = json.loads(os.environ.get("COMANDA_IDS", "{}"))
CHANCE = random.Random(7)
# Tokens are good for five minutes.
RENEWED_AFTER_S = 120


class Token:
    """An access token, and the one that the next is got with: each can be used once."""

    def __init__(self, where, access, refresh):
        self.where, self.access, self.refresh = where, access, refresh
        self.drawn_at = time.monotonic()

    def good(self):
        if time.monotonic() - self.drawn_at > RENEWED_AFTER_S:
            body = json.dumps({"refreshToken": self.refresh}).encode()
            request = urllib.request.Request(self.where, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                drawn = json.load(answer)
            self.access, self.refresh = drawn["accessToken"], drawn["refreshToken"]
            self.drawn_at = time.monotonic()
        return f"Bearer {self.access}"


TOKEN = Token(**json.loads(os.environ["COMANDA_TOKEN"])) if "COMANDA_TOKEN" in os.environ else None


@schemathesis.hook
def before_call(context, case, kwargs):
    # What is asked for without a sign-in, or with another one, is left as it is.
    headers = kwargs.get("headers") or {}
    if TOKEN and "Authorization" in headers:
        kwargs["headers"] = {**headers, "Authorization": TOKEN.good()}
    # A request that lacks a header on purpose must stay as it was made.
    phase = getattr(case.meta, "phase", None)
    scenario = getattr(getattr(phase, "data", None), "scenario", None)
    if getattr(scenario, "name", "") == "MISSING_PARAMETER":
        return
    # With one key for two bodies the second is refused, as it should be.
    key = (case.headers or {}).get(HEADER)
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers[HEADER] = str(uuid.uuid4())
    # An id that was made up is never there, so the rest of the request would never be looked at.
    for name, value in (case.path_parameters or {}).items():
        real = IDS.get(name)
        if real and isinstance(value, str) and re.fullmatch("[a-z]{3}_[0-9a-z]{26}", value) and CHANCE.random() < 0.7:
            case.path_parameters[name] = real
    # Whoever waits for news gets none here, and waits as long as he says.
    wait = (case.query or {}).get("wait")
    if re.fullmatch("[0-9]{1,2}", str(wait)) and 1 < int(wait) <= 30:
        case.query["wait"] = 1
