"""What Schemathesis makes up, brought to where there is something to break: to models that are there, and to answers that are short."""

import os

import schemathesis

MODEL = "smol"
EMBEDDER = "embedder"
# What is made here may be overwritten and deleted.
MADE = "made"

MODELS = {
    "/api/create": MADE,
    "/api/delete": MADE,
    "/api/embed": EMBEDDER,
    "/api/embeddings": EMBEDDER,
    "/v1/embeddings": EMBEDDER,
    "/api/pull": os.environ["FUZZ_LIBRARY"],
}

TOKENS = ("num_predict", "max_tokens", "max_completion_tokens", "max_output_tokens")
MOST = {**dict.fromkeys(TOKENS, 4), "num_ctx": 512, "n": 2, "best_of": 2}


def bound(fields):
    for name, most in MOST.items():
        value = fields.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # Nothing and less mean tokens without end.
        if is_number and (value > most or (value <= 0 and name in TOKENS)):
            fields[name] = most


def is_wrong_format(value):
    return value is not None and not isinstance(value, dict) and value not in ("", "json")


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    for key in ("model", "name"):
        name = body.get(key)
        # Some unknown names are left, but none that would be asked for in the world outside.
        if isinstance(name, str) and (len(name) % 8 != 1 or case.path == "/api/pull"):
            body[key] = MODELS.get(case.path, MODEL)
    # The library speaks plain HTTP.
    if case.path == "/api/pull" and body.get("insecure") in (None, False):
        body["insecure"] = True
    # Like Ollama, a request that only loads or unloads a model looks at no format: wrong ones go where they are looked at.
    if not body.get("prompt", "") and case.path == "/api/generate" and is_wrong_format(body.get("format")):
        body["prompt"] = "x"
    if not body.get("messages", []) and case.path == "/api/chat" and is_wrong_format(body.get("format")):
        body["messages"] = [{"role": "user", "content": "x"}]
    for key in ("source", "from"):
        if isinstance(body.get(key), str):
            body[key] = MODEL
    if body.get("destination") in (MODEL, EMBEDDER):
        body["destination"] = MADE
    bound(body)
    if isinstance(body.get("options"), dict):
        bound(body["options"])
