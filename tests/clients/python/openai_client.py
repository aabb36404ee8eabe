"""PyPI's `openai`: chat, streams, tools, `parse`, embeddings, completions, responses, errors."""

import json
import math
import os
from typing import Literal

import openai
from pydantic import BaseModel
from support import PIXEL_BASE64

URL = f"{os.environ['OLLAMA_HOST']}/v1"
client = openai.OpenAI(base_url=URL, api_key="none", max_retries=0)
aclient = openai.AsyncOpenAI(base_url=URL, api_key="none", max_retries=0)

CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
GREEDY = {"model": "smol", "temperature": 0, "max_completion_tokens": 20, "messages": CAPITAL}
PARIS = "The capital of France is Paris."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
    },
}
CALL = {"model": "caller", "messages": [{"role": "user", "content": "Weather in Paris?"}], "tools": [WEATHER]}


class City(BaseModel):
    name: Literal["Paris", "Rome"]
    big: bool


class get_weather(BaseModel):
    """Weather of a city."""

    city: str
    days: int


def refused(call, kind, **expected):
    try:
        result = call()
    except kind as error:
        found = {name: getattr(error, name) for name in expected}
        assert found == expected, f"{found}: {error}"
        return error
    raise AssertionError(f"not refused: {result}")


def it_chats():
    answer = client.chat.completions.with_raw_response.create(**GREEDY)
    reply = answer.parse()
    assert reply.object == "chat.completion" and reply.id.startswith("chatcmpl-") and reply.model == "smol"
    (choice,) = reply.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", PARIS, "stop")
    assert choice.message.tool_calls is None and choice.message.refusal is None
    usage = reply.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (16, 8, 24)
    assert usage.prompt_tokens_details.cached_tokens >= 0


def it_takes_every_kind_of_message():
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "name": "ann", "content": [{"type": "text", "text": "What is the capital"}, {"type": "text", "text": " of France?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": PARIS}]},
        {"role": "user", "content": "Sure?"},
    ]
    reply = client.chat.completions.create(**{**GREEDY, "messages": messages, "max_completion_tokens": 4})
    assert reply.choices[0].message.content and reply.choices[0].finish_reason == "length"


def it_streams_the_same_words():
    chunks = list(client.chat.completions.create(**GREEDY, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and len({chunk.id for chunk in chunks}) == 1
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == PARIS
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == "stop" and not any(reasons[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 24
    assert all(chunk.usage is None for chunk in chunks[:-1])


def it_streams_events_that_add_up():
    with client.chat.completions.stream(**GREEDY) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert kinds.count("content.delta") > 1 and kinds[-1] == "content.done" and kinds.count("content.done") == 1
    assert final.choices[0].message.content == PARIS and final.choices[0].finish_reason == "stop"


async def it_chats_and_streams_asynchronously():
    reply = await aclient.chat.completions.create(**GREEDY)
    assert reply.choices[0].message.content == PARIS
    stream = await aclient.chat.completions.create(**GREEDY, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == PARIS


def it_may_leave_a_stream():
    with client.chat.completions.create(**{**GREEDY, "max_completion_tokens": 2000}, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(**GREEDY).choices[0].message.content == PARIS


def it_makes_several_choices_and_tells_how_likely_they_were():
    reply = client.chat.completions.create(**{**GREEDY, "max_completion_tokens": 2}, n=2, seed=1, logprobs=True, top_logprobs=2)
    assert [choice.index for choice in reply.choices] == [0, 1] and reply.system_fingerprint
    for choice in reply.choices:
        assert [entry.token for entry in choice.logprobs.content] == ["The", " capital"]
        for entry in choice.logprobs.content:
            assert len(entry.top_logprobs) == 2 and entry.logprob <= 0 and bytes(entry.bytes).decode() == entry.token


def it_calls_tools_and_goes_on_with_their_answers():
    asked = client.chat.completions.create(**CALL)
    (call,) = asked.choices[0].message.tool_calls
    assert (call.type, call.function.name, json.loads(call.function.arguments)) == ("function", "get_weather", {"city": "Paris", "days": 2})
    assert asked.choices[0].finish_reason == "tool_calls" and call.id
    messages = [*CALL["messages"], asked.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answered = client.chat.completions.create(**{**CALL, "messages": messages})
    assert answered.choices[0].message.content == "It is sunny." and answered.choices[0].finish_reason == "stop"


def it_streams_the_call_of_a_tool():
    deltas = [call for chunk in client.chat.completions.create(**CALL, stream=True) for call in chunk.choices[0].delta.tool_calls or []]
    assert deltas[0].function.name == "get_weather" and deltas[0].id and {delta.index for delta in deltas} == {0}
    assert json.loads("".join(delta.function.arguments or "" for delta in deltas)) == {"city": "Paris", "days": 2}
    with client.chat.completions.stream(**CALL) as stream:
        kinds = {event.type for event in stream}
        (call,) = stream.get_final_completion().choices[0].message.tool_calls
    assert {"tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= kinds
    assert json.loads(call.function.arguments) == {"city": "Paris", "days": 2}


def it_parses_formats_and_calls_into_pydantic_models():
    parsed = client.chat.completions.parse(**{**GREEDY, "max_completion_tokens": 60}, response_format=City).choices[0].message.parsed
    assert isinstance(parsed, City)
    with client.chat.completions.stream(**{**GREEDY, "max_completion_tokens": 60}, response_format=City) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, City)
    called = client.chat.completions.parse(model="caller", messages=CALL["messages"], tools=[openai.pydantic_function_tool(get_weather)])
    assert called.choices[0].message.tool_calls[0].function.parsed_arguments == get_weather(city="Paris", days=2)
    try:
        client.chat.completions.parse(**{**GREEDY, "max_completion_tokens": 2}, response_format=City)
    except openai.LengthFinishReasonError as error:
        assert error.completion.usage.completion_tokens == 2
    else:
        raise AssertionError("half an object should not have been parsed")


def it_embeds_in_floats_and_in_base64():
    texts = ["llama", "alpaca"]
    decoded = client.embeddings.create(model="embedder", input=texts)
    floats = client.embeddings.create(model="embedder", input=texts, encoding_format="float")
    packed = client.embeddings.create(model="embedder", input=texts, encoding_format="base64")
    assert [len(entry.embedding) for entry in decoded.data] == [64, 64] and [entry.index for entry in decoded.data] == [0, 1]
    for one, other, text in zip(decoded.data, floats.data, packed.data):
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(one.embedding, other.embedding, strict=True))
        assert isinstance(text.embedding, str) or text.embedding == one.embedding
    assert decoded.usage.prompt_tokens == decoded.usage.total_tokens > 0
    assert len(client.embeddings.create(model="embedder", input=[[5, 6]], dimensions=8).data[0].embedding) == 8


def it_completes_text():
    fields = {"model": "smol", "prompt": CAPITAL[0]["content"], "temperature": 0, "max_tokens": 12}
    reply = client.completions.create(**fields)
    assert (reply.object, reply.choices[0].text, reply.choices[0].finish_reason) == ("text_completion", PARIS, "stop")
    chunks = list(client.completions.create(**fields, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == PARIS
    several = client.completions.create(**{**fields, "prompt": ["One", "Two"], "max_tokens": 1}, n=2)
    assert [choice.index for choice in several.choices] == [0, 1, 2, 3]
    likely = client.completions.create(**{**fields, "max_tokens": 2}, logprobs=2)
    assert likely.choices[0].logprobs.tokens == ["The", " capital"] and len(likely.choices[0].logprobs.top_logprobs[0]) >= 2


def it_responds():
    reply = client.responses.create(model="smol", input=CAPITAL[0]["content"], temperature=0, max_output_tokens=20, store=True)
    assert (reply.status, reply.output_text, reply.error) == ("completed", PARIS, None)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (16, 8)
    assert client.responses.retrieve(reply.id).output_text == PARIS
    then = client.responses.create(model="smol", previous_response_id=reply.id, input="Sure?", max_output_tokens=16)
    assert then.previous_response_id == reply.id and then.usage.input_tokens > 24
    client.responses.delete(reply.id)
    refused(lambda: client.responses.retrieve(reply.id), openai.NotFoundError, status_code=404)
    cut = client.responses.create(model="smol", input=CAPITAL[0]["content"], temperature=0, max_output_tokens=3)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens"


def it_responds_in_a_stream():
    with client.responses.stream(model="smol", input=CAPITAL[0]["content"], temperature=0, max_output_tokens=20) as stream:
        events = list(stream)
        assert stream.get_final_response().output_text == PARIS
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == PARIS


def it_responds_with_calls_thoughts_and_pydantic_models():
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER["function"]["parameters"], "strict": False}
    asked = client.responses.create(model="caller", input="Weather in Paris?", tools=[tool])
    (call,) = [item for item in asked.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments), call.status) == ("get_weather", {"city": "Paris", "days": 2}, "completed")
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    question = {"role": "user", "content": "Weather in Paris?"}
    assert client.responses.create(model="caller", input=[question, *asked.output, answer], tools=[tool]).output_text == "It is sunny."
    thought = client.responses.create(model="thinker", input="6 * 7?", reasoning={"effort": "high", "summary": "auto"})
    assert [item.type for item in thought.output] == ["reasoning", "message"] and thought.output_text == "It is forty-two."
    assert thought.output[0].summary[0].text == "Six times seven." and thought.usage.output_tokens_details.reasoning_tokens > 0
    parsed = client.responses.parse(model="smol", input="A city?", text_format=City, temperature=0, max_output_tokens=60)
    assert isinstance(parsed.output_parsed, City)


def it_lists_models():
    models = {model.id: model for model in client.models.list()}
    assert {"smol:latest", "caller:latest", "embedder:latest"} <= set(models) and models["smol:latest"].owned_by == "library"
    assert client.models.retrieve("smol").id == "smol"


def it_raises_the_classes_that_clients_look_for():
    create = client.chat.completions.create
    missing = {"status_code": 404, "code": "model_not_found", "param": "model", "type": "not_found_error"}
    error = refused(lambda: create(**{**GREEDY, "model": "absent"}), openai.NotFoundError, **missing)
    assert "model 'absent' not found" in error.message
    refused(lambda: list(create(**{**GREEDY, "model": "absent"}, stream=True)), openai.NotFoundError, **missing)
    refused(lambda: create(**{**GREEDY, "temperature": "hot"}), openai.BadRequestError, status_code=400, param="temperature")
    refused(lambda: create(**GREEDY, tools=[WEATHER]), openai.BadRequestError, param="tools", code="unsupported_capability")
    refused(lambda: create(**GREEDY, response_format={"type": "poem"}), openai.BadRequestError, status_code=400, param="response_format.type")
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL_BASE64}"}}]}
    refused(lambda: create(**{**GREEDY, "messages": [picture]}), openai.BadRequestError, status_code=400)
    refused(lambda: client.embeddings.create(model="embedder", input="x", dimensions=4096), openai.BadRequestError, param="dimensions")
    refused(lambda: client.responses.create(model="absent", input="x"), openai.NotFoundError, code="model_not_found")
    refused(lambda: client.images.generate(prompt="A llama"), openai.NotFoundError, status_code=404)
    slow = client.with_options(timeout=0.001)
    refused(lambda: slow.chat.completions.create(**GREEDY), openai.APITimeoutError)
