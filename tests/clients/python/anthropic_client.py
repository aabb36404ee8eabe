"""PyPI's `anthropic`: create, stream, tools, count_tokens, errors."""

import os
from typing import Literal

import anthropic
from pydantic import BaseModel

URL = os.environ["OLLAMA_HOST"]
client = anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0)
aclient = anthropic.AsyncAnthropic(base_url=URL, api_key="none", max_retries=0)

CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
# The client has no `temperature` in its signatures any more.
GREEDY = {"model": "smol", "max_tokens": 20, "messages": CAPITAL, "extra_body": {"temperature": 0}}
PARIS = "The capital of France is Paris."
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
}
CALL = {"model": "caller", "max_tokens": 50, "messages": [{"role": "user", "content": "Weather in Paris?"}], "tools": [WEATHER]}
THINK = {"model": "thinker", "max_tokens": 50, "messages": [{"role": "user", "content": "Six times seven?"}]}


class City(BaseModel):
    name: Literal["Paris", "Rome"]
    big: bool


def caught(call):
    try:
        result = call()
    except anthropic.APIError as error:
        return error
    raise AssertionError(f"not refused: {result}")


def it_creates():
    answer = client.messages.with_raw_response.create(**GREEDY)
    message = answer.parse()
    assert answer.headers["request-id"].startswith("req_") and message.id.startswith("msg_")
    assert (message.type, message.role, message.model) == ("message", "assistant", "smol")
    assert [(block.type, block.text) for block in message.content] == [("text", PARIS)]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (16, 8)


def it_tells_why_it_stopped():
    stopped = client.messages.create(**GREEDY, stop_sequences=[" Paris"])
    assert (stopped.stop_reason, stopped.stop_sequence, stopped.content[0].text) == ("stop_sequence", " Paris", "The capital of France is")
    assert client.messages.create(**{**GREEDY, "max_tokens": 2}).stop_reason == "max_tokens"


def it_takes_systems_blocks_and_begun_answers():
    begun = [*CAPITAL, {"role": "assistant", "content": "The capital of France is"}]
    assert client.messages.create(**{**GREEDY, "messages": begun}).content[0].text == " Paris."
    plain = client.messages.create(**GREEDY, system="Be brief.")
    blocks = client.messages.create(**GREEDY, system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}])
    assert blocks.content == plain.content
    assert blocks.usage.input_tokens + blocks.usage.cache_read_input_tokens + blocks.usage.cache_creation_input_tokens == plain.usage.input_tokens


def it_streams_the_same_words():
    with client.messages.stream(**GREEDY) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(texts) > 1 and "".join(texts) == PARIS
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("end_turn", 16, 8)
    types = [event.type for event in client.messages.create(**GREEDY, stream=True)]
    assert types[:2] == ["message_start", "content_block_start"]
    assert types[-3:] == ["content_block_stop", "message_delta", "message_stop"]


async def it_creates_and_streams_asynchronously():
    assert (await aclient.messages.create(**GREEDY)).content[0].text == PARIS
    async with aclient.messages.stream(**GREEDY) as stream:
        assert "".join([text async for text in stream.text_stream]) == PARIS


def it_may_leave_a_stream():
    with client.messages.stream(**{**GREEDY, "max_tokens": 2000}) as stream:
        next(iter(stream.text_stream))
    assert client.messages.create(**GREEDY).stop_reason == "end_turn"


def it_calls_tools_and_goes_on_with_their_answers():
    asked = client.messages.create(**CALL)
    (use,) = [block for block in asked.content if block.type == "tool_use"]
    assert (asked.stop_reason, use.name, use.input) == ("tool_use", "get_weather", {"city": "Paris", "days": 2})
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}]}
    answered = client.messages.create(**{**CALL, "messages": [*CALL["messages"], {"role": "assistant", "content": asked.content}, result]})
    assert (answered.stop_reason, answered.content[0].text) == ("end_turn", "It is sunny.")


def it_streams_the_call_of_a_tool():
    with client.messages.stream(**CALL) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    assert pieces and final.stop_reason == "tool_use" and final.content[-1].input == {"city": "Paris", "days": 2}


def it_calls_where_it_must():
    request = {**CALL, "model": "smol-tools", "max_tokens": 60}
    forced = client.messages.create(**request, tool_choice={"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True})
    assert [block.name for block in forced.content if block.type == "tool_use"] == ["get_weather"]
    silent = client.messages.create(**{**request, "max_tokens": 8}, tool_choice={"type": "none"})
    assert all(block.type == "text" for block in silent.content)


def it_thinks_and_takes_its_thoughts_back():
    thought = client.messages.create(**THINK, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block.type for block in thought.content] == ["thinking", "text"] and thought.content[0].thinking == "Six times seven."
    again = [*THINK["messages"], {"role": "assistant", "content": thought.content}, {"role": "user", "content": "Sure?"}]
    assert client.messages.create(**{**THINK, "messages": again}, thinking={"type": "disabled"}).content[0].text == "Forty-two"


def it_parses_into_pydantic_models():
    parsed = client.messages.parse(**{**GREEDY, "max_tokens": 60}, output_format=City)
    assert isinstance(parsed.parsed_output, City)


def it_counts_tokens():
    assert client.messages.count_tokens(model="smol", messages=CAPITAL).input_tokens == 16
    fields = {"model": "caller", "messages": CALL["messages"], "tools": [WEATHER], "system": "You know the weather."}
    counted = client.messages.count_tokens(**fields).input_tokens
    assert counted == client.messages.create(**fields, max_tokens=50).usage.input_tokens


def it_lists_models():
    names = [model.id for model in client.models.list(limit=1)]
    assert {"smol:latest", "caller:latest", "thinker:latest"} <= set(names)
    assert client.models.retrieve("smol").type == "model"


def it_raises_the_classes_that_clients_look_for():
    missing = caught(lambda: client.messages.create(**{**GREEDY, "model": "absent"}))
    assert isinstance(missing, anthropic.NotFoundError) and missing.body["error"]["type"] == "not_found_error"
    assert "model 'absent' not found" in str(missing) and missing.request_id.startswith("req_")
    with_stream = caught(lambda: list(client.messages.create(**{**GREEDY, "model": "absent"}, stream=True)))
    assert isinstance(with_stream, anthropic.NotFoundError)
    wrong = caught(lambda: client.messages.create(**{**GREEDY, "max_tokens": 0}))
    assert isinstance(wrong, anthropic.BadRequestError) and wrong.body["error"]["type"] == "invalid_request_error"
    assert isinstance(caught(lambda: client.messages.create(**GREEDY, tools=[WEATHER])), anthropic.BadRequestError)
    assert isinstance(caught(lambda: client.messages.count_tokens(model="absent", messages=CAPITAL)), anthropic.NotFoundError)
