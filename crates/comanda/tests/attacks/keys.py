"""What schemathesis cannot know: that keys are for one request each, which ids there are, and not to wait for news."""

import json
import os
import random
import re
import uuid

import schemathesis

HEADER = "Idempotency-Key"
IDS = json.loads(os.environ.get("COMANDA_IDS", "{}"))
CHANCE = random.Random(7)


@schemathesis.hook
def before_call(context, case, kwargs):
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
