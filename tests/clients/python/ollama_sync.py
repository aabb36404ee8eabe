"""PyPI's `ollama`, its synchronous client: every method."""

import json
import math
import os
import urllib.error
import urllib.request
from datetime import datetime, timezone
from typing import Literal, Optional

import httpx
import ollama
from pydantic import BaseModel
from support import PIXEL, closed_port, refused

URL = os.environ["OLLAMA_HOST"]
LIBRARY = os.environ["TEST_LIBRARY"]
GGUF = os.environ["TEST_GGUF"]
GREEDY = {"temperature": 0, "num_predict": 12}
HELLO = [{"role": "user", "content": "Say hello."}]
client = ollama.Client()


def get_weather(city: str, days: Optional[int] = 1) -> str:
    """
    Weather of a city

    Args:
        city: Its name
        days: How many days ahead
    """
    return f"sun over {city} for {days} days"


class Animal(BaseModel):
    name: Literal["llama", "dog"]
    legs: int
    tame: bool
    color: Optional[Literal["brown", "white"]]


def it_chats():
    reply = client.chat(model="smol", messages=HELLO, options=GREEDY)
    assert reply.message.role == "assistant" and reply.message.content
    assert reply.done and reply["done_reason"] in ("stop", "length")
    assert min(reply.total_duration, reply.prompt_eval_count, reply.eval_count, reply.eval_duration) > 0
    assert datetime.fromisoformat(reply.created_at.replace("Z", "+00:00")).tzinfo


def it_streams_a_chat_with_the_same_words():
    whole = client.chat(model="smol", messages=HELLO, options=ollama.Options(**GREEDY))
    parts = list(client.chat(model="smol", messages=HELLO, options=GREEDY, stream=True))
    assert "".join(part.message.content for part in parts) == whole.message.content
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == whole.eval_count


def it_calls_a_python_function():
    messages = [{"role": "user", "content": "Weather in Paris?"}]
    asked = client.chat(model="caller", messages=messages, tools=[get_weather])
    (call,) = asked.message.tool_calls
    assert (call.function.name, dict(call.function.arguments)) == ("get_weather", {"city": "Paris", "days": 2})
    answer = get_weather(**call.function.arguments)
    assert answer == "sun over Paris for 2 days"
    messages += [asked.message, {"role": "tool", "tool_name": call.function.name, "content": answer}]
    answered = client.chat(model="caller", messages=messages, tools=[get_weather])
    assert answered.message.content == "It is sunny." and not answered.message.tool_calls


def it_streams_the_call_of_a_tool():
    parts = list(client.chat(model="caller", messages=HELLO, tools=[get_weather], stream=True))
    calls = [call for part in parts for call in part.message.tool_calls or []]
    assert [call.function.arguments for call in calls] == [{"city": "Paris", "days": 2}]
    assert "".join(part.message.content for part in parts) == ""


def it_keeps_thinking_and_answer_apart():
    thought = client.chat(model="thinker", messages=HELLO, think=True).message
    assert (thought.thinking, thought.content) == ("Six times seven.", "It is forty-two.")
    plain = client.chat(model="thinker", messages=HELLO, think=False).message
    assert (plain.thinking, plain.content) == (None, "Forty-two")
    parts = list(client.generate(model="thinker", prompt="6 * 7?", think=True, stream=True))
    assert "".join(part.thinking or "" for part in parts) == "Six times seven."
    assert "".join(part.response for part in parts) == "It is forty-two."


def it_fills_a_pydantic_model():
    options = {"temperature": 0, "num_predict": 100}
    reply = client.chat(model="smol", messages=HELLO, format=Animal.model_json_schema(), options=options)
    assert isinstance(Animal.model_validate_json(reply.message.content).legs, int)
    streamed = client.generate(model="smol", prompt="A dog.", format=Animal.model_json_schema(), options=options, stream=True)
    Animal.model_validate_json("".join(part.response for part in streamed))
    assert isinstance(json.loads(client.generate(model="smol", prompt="{}", format="json", options=options).response), dict)


def it_tells_how_likely_each_token_was():
    reply = client.chat(model="smol", messages=HELLO, options=GREEDY, logprobs=True, top_logprobs=2)
    assert 0 < len(reply.logprobs) <= reply.eval_count
    for entry in reply.logprobs:
        assert entry.logprob <= 0 and [other.token for other in entry.top_logprobs][0] == entry.token


def it_generates_and_goes_on_from_the_context():
    first = client.generate(model="smol", prompt="Name a color.", system="One word.", options=GREEDY)
    assert first.done and first.response and len(first.context) > first.eval_count
    then = client.generate(model="smol", prompt="Another.", context=first.context, options=GREEDY)
    assert then.prompt_eval_count > len(first.context)
    raw = client.generate(model="smol", prompt="1, 2, 3, 4, 5,", raw=True, options={"temperature": 0, "num_predict": 5})
    assert "6" in raw.response and raw.context is None


def it_ends_a_stream_that_is_broken_off():
    stream = client.generate(model="smol", prompt="Count:", raw=True, options={"num_predict": 4000}, stream=True)
    for part in stream:
        break
    stream.close()
    assert not part.done
    assert client.generate(model="smol", prompt="Hi", options={"num_predict": 1}).done


def it_creates_shows_lists_copies_and_deletes_models():
    digest = client.create_blob(GGUF)
    assert client.create_blob(GGUF) == digest
    statuses = [part.status for part in client.create(model="py", files={"m.gguf": digest}, stream=True)]
    assert statuses[-1] == "success"
    made = client.create(
        model="py-of",
        from_="py",
        template="{{ .System }} {{ .Prompt }}",
        system="Be brief.",
        license=["one", "two"],
        parameters={"temperature": 0, "stop": ["x"]},
        messages=[{"role": "user", "content": "Hi"}],
    )
    assert made.status == "success"
    shown = client.show("py-of")
    assert shown.template == "{{ .System }} {{ .Prompt }}" and shown.license == "one\ntwo"
    assert shown.capabilities == ["completion"] and shown.details.family == "llama"
    assert shown.modelinfo["general.architecture"] == "llama" and "SYSTEM Be brief." in shown.modelfile
    assert shown.modified_at.tzinfo and "temperature" in shown.parameters
    assert client.copy("py-of", "py-copy").status == "success"
    listed = {model.model: model for model in client.list().models}
    assert {"py:latest", "py-of:latest", "py-copy:latest"} <= set(listed)
    assert listed["py:latest"].size > 0 and listed["py:latest"].modified_at.tzinfo
    for name in ("py", "py-of", "py-copy"):
        assert client.delete(name).status == "success"
    assert "py:latest" not in [model.model for model in client.list().models]


def it_lists_what_is_loaded():
    assert client.chat(model="thinker").done_reason == "load"
    (loaded,) = [model for model in client.ps().models if model.name == "thinker:latest"]
    assert loaded.expires_at > datetime.now(timezone.utc) and loaded.size > 0 and loaded.context_length > 0
    assert client.generate(model="thinker", keep_alive=0).done_reason == "unload"
    assert "thinker:latest" not in [model.name for model in client.ps().models]


def it_embeds():
    reply = client.embed(model="embedder", input=["llama", "alpaca"])
    assert [len(vector) for vector in reply.embeddings] == [64, 64]
    assert all(math.isclose(math.hypot(*vector), 1, abs_tol=1e-5) for vector in reply.embeddings)
    assert [len(vector) for vector in client.embed(model="embedder", input="llama", dimensions=8).embeddings] == [8]
    assert len(client.embeddings(model="embedder", prompt="llama").embedding) == 64


def it_pulls_with_progress_and_as_a_whole():
    parts = list(client.pull(LIBRARY, insecure=True, stream=True))
    assert parts[0].status == "pulling manifest" and parts[-1].status == "success"
    assert all(part.completed is None or part.completed <= part.total for part in parts if part.digest)
    assert client.pull(LIBRARY, insecure=True).status == "success"
    client.delete(LIBRARY)


def it_raises_response_errors():
    refused(lambda: client.chat(model="absent", messages=HELLO), 404, "model 'absent' not found")
    refused(lambda: list(client.chat(model="absent", messages=HELLO, stream=True)), 404, "model 'absent' not found")
    refused(lambda: client.show("absent"), 404, "not found")
    refused(lambda: client.delete("absent"), 404, "not found")
    refused(lambda: client.copy("absent", "b"), 404, "not found")
    refused(lambda: client.embed(model="smol", input="x"), 501, "does not support embeddings")
    refused(lambda: client.chat(model="smol", messages=HELLO, tools=[get_weather]), 400, "does not support tools")
    refused(lambda: client.chat(model="smol", messages=HELLO, think=True), 400, "does not support thinking")
    seen = [{"role": "user", "content": "What is it?", "images": [PIXEL]}]
    refused(lambda: client.chat(model="smol", messages=seen), 400, "multimodal")
    refused(lambda: client.generate(model="smol", prompt="x", images=[PIXEL]), 400, "multimodal")
    refused(lambda: client.create(model="c", files={"m.gguf": "sha256:" + "0" * 64}), 400, "")
    # A failure within a stream of progress has no status of its own.
    nowhere = f"127.0.0.1:{closed_port()}/library/smol"
    refused(lambda: client.pull(nowhere, insecure=True), 500, "127.0.0.1")
    refused(lambda: list(client.pull(nowhere, insecure=True, stream=True)), -1, "127.0.0.1")
    client.copy("smol", nowhere)
    refused(lambda: client.push(nowhere, insecure=True), 500, "127.0.0.1")
    refused(lambda: list(client.push(nowhere, insecure=True, stream=True)), -1, "127.0.0.1")
    client.delete(nowhere)
    # A path of OpenAI's, so the error is an object as OpenAI writes it.
    question = {"type": "noul", "instructions": "Is it true?"}
    refused(lambda: client.systemone(model="smol", state="x", questions={"q": question}), 404, "/v1/systemone")


def it_is_refused_what_belongs_to_the_cloud():
    class ToServer(httpx.HTTPTransport):
        def handle_request(self, request):
            url = str(request.url).replace("https://ollama.com/api/", f"{URL}/api/experimental/")
            assert url.startswith(URL)
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            return super().handle_request(httpx.Request(request.method, url, headers=headers, content=request.content))

    cloud = ollama.Client(transport=ToServer(), headers={"Authorization": "Bearer key"})
    refused(lambda: cloud.web_search("llamas"), 403, "ollama cloud is disabled: web search is unavailable")
    refused(lambda: cloud.web_fetch("https://example.com"), 403, "ollama cloud is disabled: web fetch is unavailable")


def it_serves_the_functions_of_the_module():
    assert ollama.chat(model="caller", messages=HELLO, tools=[get_weather]).message.tool_calls
    assert [part.response for part in ollama.generate(model="thinker", prompt="x", think=False, stream=True)][0]
    assert len(ollama.embed(model="embedder", input="x")["embeddings"]) == 1
    assert "smol:latest" in [model.model for model in ollama.list().models]
    try:
        ollama.Client(host=f"127.0.0.1:{closed_port()}").list()
        raise AssertionError("nobody should have answered")
    except ConnectionError:
        pass


def it_answers_requests_of_the_standard_library():
    body = json.dumps({"model": "smol", "prompt": "Hi", "options": GREEDY}).encode()
    # urllib calls this a form; Ollama reads JSON whatever it is called.
    with urllib.request.urlopen(f"{URL}/api/generate", data=body) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        records = [json.loads(line) for line in answer]
    assert records[-1]["done"] and all(not record["done"] for record in records[:-1])
    with urllib.request.urlopen(f"{URL}/api/version") as answer:
        assert json.load(answer)["version"]
    try:
        urllib.request.urlopen(f"{URL}/api/chat", data=b"{")
        raise AssertionError("half an object should have been refused")
    except urllib.error.HTTPError as error:
        assert error.code == 400 and json.load(error)["error"]
